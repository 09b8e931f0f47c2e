import type { TaskNumbers } from "@puntini/client"
import { Figure } from "../facts"
import { bytes, compact, many, percent, seconds, money } from "../words"

/** What tasks amount to, in large figures. */
export function Totals({ numbers }: { numbers: TaskNumbers }) {
  const { duration_seconds: duration, tokens, cost, result_size: size } = numbers
  const ends = [
    `${compact(numbers.completed)} completed`,
    `${compact(numbers.failed)} failed`,
    `${compact(numbers.cancelled)} cancelled`,
  ]
  return (
    <dl class="figures card">
      <Figure name="Tasks ended" value={compact(numbers.executions)} detail={ends.join(", ")} />
      <Figure name="Went well" value={percent(numbers.success_rate)} detail={rateWords(numbers)} />
      <Figure
        name="Median time"
        value={seconds(duration?.p50)}
        detail={duration ? `95 % within ${seconds(duration.p95)}` : ""}
      />
      <Figure
        name="Tokens"
        value={compact(tokens.total)}
        detail={`${compact(tokens.input)} in, ${compact(tokens.output)} out`}
      />
      <Figure name="Cost" value={money(cost.usd, tokens.total)} detail={costWords(numbers)} />
      {size && <Figure name="Median answer" value={bytes(size.p50)} detail={`of ${many(numbers.results, "answer")}`} />}
    </dl>
  )
}

function rateWords({ success_rate, cancelled }: TaskNumbers): string {
  if (success_rate === null) return "none completed or failed"
  return cancelled ? "of those not cancelled" : ""
}

/** What the money is of: tasks of models without a known price are not in it. */
function costWords({ cost }: TaskNumbers): string {
  return cost.unknown ? `without ${many(cost.unknown, "task")} of models that have no known price` : ""
}
