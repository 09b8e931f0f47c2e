import type { Trend } from "@puntini/client"
import { client } from "../../client"
import { to } from "../../route"
import { useLive } from "../live"
import { Shown } from "../shown"
import { change, compact, percent } from "../words"
import { CoveredNote } from "./covered"
import type { Scope } from "./period"

/** What is asked for more than before, what is asked for most, and who is asked. */
export function Trends({ scope }: { scope: Scope }) {
  const loaded = useLive(JSON.stringify(scope), (signal) => client.analytics.trending({ ...scope, signal }))
  return (
    <Shown of={loaded}>
      {({ covered, trends }) => (
        <>
          <CoveredNote covered={covered} />
          <Ranking title="Asked for more than before" trends={trends.rising} none="Nothing is." />
          <Ranking title="Asked for most" trends={trends.asked} none="Nothing was asked for." />
          <Ranking title="Agents that are asked most" trends={trends.agents} none="No agent was asked." agents />
        </>
      )}
    </Shown>
  )
}

interface RankingProps {
  title: string
  trends: readonly Trend[]
  none: string
  agents?: boolean
}

function Ranking({ title, trends, none, agents = false }: RankingProps) {
  const most = Math.max(1, ...trends.map(({ executions }) => executions))
  return (
    <section class="card stack" aria-label={title}>
      <h2>{title}</h2>
      {trends.length === 0 && <p class="soft">{none}</p>}
      <ol class="entries">
        {trends.map((each) => (
          <li key={each.name} class="ranked">
            <a class="grow" href={agents ? to("agents", each.name) : to("tasks", each.task_id)}>
              {each.name || "without words"}
            </a>
            <span class="small soft">
              {each.success_rate === null ? "" : `${percent(each.success_rate)} went well`}
            </span>
            <span class="number">{compact(each.executions)}</span>
            <span class="number small soft">{each.change === 0 ? "as before" : change(each.growth)}</span>
            <i class="share" style={{ width: `${(each.executions / most) * 100}%` }} aria-hidden="true" />
          </li>
        ))}
      </ol>
    </section>
  )
}
