import type { AnalyticsOverview, TaskGroup } from "@puntini/client"
import { isAdmin } from "../../account/me"
import { Select } from "../../parts/select"
import { to } from "../../route"
import { ask } from "../query"
import { Status } from "../status"
import { compact, many, percent, seconds, money } from "../words"

/** The numbers by agent, by status or, for admins, by user. */
export function Groups({ by, groups, groups_left_out }: Pick<AnalyticsOverview, "by" | "groups" | "groups_left_out">) {
  const choices: AnalyticsOverview["by"][] = [
    "agent",
    "status",
    ...(isAdmin.value || by === "user" ? ["user" as const] : []),
  ]
  return (
    <section class="card stack" aria-label="Groups">
      <div class="row apart">
        <h2>By {by}</h2>
        <Select
          label="Groups by"
          options={choices.map((each) => [each, `by ${each}`] as const)}
          chosen={by}
          onChoose={(chosen) => ask({ by: chosen })}
        />
      </div>
      <div class="scroll" tabIndex={0} role="group" aria-label={`Numbers by ${by}`}>
        <table class="table">
          <thead>
            <tr>
              <th scope="col">{by}</th>
              {["Tasks", "Went well", "Median time", "95 % within", "Tokens", "Cost"].map((name) => (
                <th key={name} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {groups.map((group) => (
              <Group key={group.name} by={by} group={group} />
            ))}
          </tbody>
        </table>
      </div>
      {groups_left_out > 0 && <p class="small soft">{many(groups_left_out, "smaller group")} not shown.</p>}
    </section>
  )
}

function Group({ by, group: { name, numbers } }: { by: AnalyticsOverview["by"]; group: TaskGroup }) {
  return (
    <tr>
      <th scope="row">
        {by === "agent" ? <a href={to("agents", name)}>{name}</a> : by === "status" ? <Status of={name} /> : name}
      </th>
      <td class="number">{compact(numbers.executions)}</td>
      <td class="number">{percent(numbers.success_rate)}</td>
      <td class="number">{seconds(numbers.duration_seconds?.p50)}</td>
      <td class="number">{seconds(numbers.duration_seconds?.p95)}</td>
      <td class="number">{compact(numbers.tokens.total)}</td>
      <td class="number">{money(numbers.cost.usd, numbers.tokens.total)}</td>
    </tr>
  )
}
