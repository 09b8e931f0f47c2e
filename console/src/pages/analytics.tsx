import { useTitle } from "../parts/title"
import { to } from "../route"
import { AgentChoice } from "./agent-choice"
import { Overview } from "./analytics/overview"
import { Performance } from "./analytics/performance"
import { asPeriod, PeriodChoice } from "./analytics/period"
import { Trends } from "./analytics/trending"
import { PageHead } from "./head"
import { ask, asked, withQuery } from "./query"

const VIEWS = [
  ["", "Overview"],
  ["performance", "Performance"],
  ["trending", "Trending"],
] as const

/** What tasks take and come to: `#/analytics?view=performance&period=7d&agent=…`. */
export function AnalyticsPage() {
  useTitle("Analytics")
  const view = asked("view")
  const scope = { ...asPeriod(asked("period"), asked("from"), asked("to")), agent: asked("agent") || undefined }
  return (
    <div class="page stack">
      <PageHead title="Analytics">
        <a class="button" href={to("tasks")}>
          All tasks
        </a>
      </PageHead>
      <div class="row apart">
        <nav class="tabs" aria-label="Views">
          {VIEWS.map(([name, label]) => (
            <a
              key={name}
              class="tab"
              href={withQuery({ view: name })}
              aria-current={view === name ? "page" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <div class="row filters" role="group" aria-label="Filters">
          <PeriodChoice />
          <AgentChoice label="Agent" none="All agents" value={asked("agent")} onChange={(agent) => ask({ agent })} />
        </div>
      </div>
      {view === "performance" ? (
        <Performance scope={scope} />
      ) : view === "trending" ? (
        <Trends scope={scope} />
      ) : (
        <Overview scope={scope} />
      )}
    </div>
  )
}
