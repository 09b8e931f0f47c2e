import type { TaskAnalytics } from "@puntini/client"
import { Figure } from "../facts"
import { bytes, compact, many, percent, seconds, money } from "../words"

const PARTS = [
  ["running", "accent"],
  ["waiting", "warn"],
  ["paused", "faint"],
  ["queued", "soft"],
] as const

/** What a task took: time by status, steps, calls, tokens and money. */
export function TaskFigures({ numbers }: { numbers: TaskAnalytics }) {
  const { steps, tools, approvals, tokens } = numbers
  return (
    <section class="card stack" aria-label="What it took">
      <h2>What it took</h2>
      <TimeBar numbers={numbers} />
      <dl class="figures small-figures">
        <Figure name="First answer after" value={seconds(numbers.first_answer_seconds)} />
        <Figure
          name="Steps"
          value={compact(steps.taken)}
          detail={steps.failed ? `${compact(steps.failed)} failed` : ""}
        />
        <Figure
          name="Tool calls"
          value={compact(tools.total)}
          detail={tools.total ? `${percent(tools.success_rate)} went well` : ""}
        />
        <Figure
          name="Tokens"
          value={compact(tokens.total)}
          detail={tokens.total ? `${compact(tokens.input)} in, ${compact(tokens.output)} out` : ""}
        />
        <Figure name="Cost" value={money(numbers.cost_usd, tokens.total)} />
        {numbers.result_size !== null && <Figure name="Answer" value={bytes(numbers.result_size)} />}
        {approvals.asked > 0 && (
          <Figure
            name="People were asked"
            value={many(approvals.asked, "time")}
            detail={`${approvals.decided} decided`}
          />
        )}
        {numbers.attempts > 1 && <Figure name="Attempts" value={String(numbers.attempts)} />}
      </dl>
      {!numbers.complete && (
        <p class="small soft">A part of its events is not kept any more: these numbers are of the rest.</p>
      )}
    </section>
  )
}

function TimeBar({ numbers }: { numbers: TaskAnalytics }) {
  const parts = PARTS.map(([name, tone]) => ({ name, tone, value: numbers.seconds[name] })).filter(
    ({ value }) => value > 0,
  )
  const whole = parts.reduce((sum, { value }) => sum + value, 0)
  return (
    <div class="stack tight">
      <p>
        <b>{seconds(numbers.duration_seconds)}</b> <span class="soft">{numbers.ended_at ? "in all" : "so far"}</span>
      </p>
      <div class="timebar" aria-hidden="true">
        {parts.map(({ name, tone, value }) => (
          <i key={name} class={`tone-${tone}`} style={{ width: `${(100 * value) / whole}%` }} />
        ))}
      </div>
      <ul class="legend">
        {parts.map(({ name, tone, value }) => (
          <li key={name}>
            <i class={`tone-${tone}`} aria-hidden="true" />
            {name} {seconds(value)}
          </li>
        ))}
      </ul>
    </div>
  )
}
