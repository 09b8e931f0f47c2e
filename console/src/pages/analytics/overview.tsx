import type { AnalyticsOverview, SeriesPoint } from "@puntini/client"
import { client } from "../../client"
import { Bars } from "../../parts/chart-bars"
import { Chart, type Point } from "../../parts/chart"
import { Lines } from "../../parts/chart-lines"
import { Empty } from "../../parts/empty"
import { to } from "../../route"
import { useLive } from "../live"
import { asked } from "../query"
import { Shown } from "../shown"
import { compact, seconds, timeUnit } from "../words"
import { CoveredNote } from "./covered"
import { Groups } from "./groups"
import type { Scope } from "./period"
import { Totals } from "./totals"

const EVERY = 60_000
const BYS = ["agent", "status", "user"] as const

/** All numbers of a period, how they went with time, and who they are of. */
export function Overview({ scope }: { scope: Scope }) {
  const by = BYS.find((each) => each === asked("by")) ?? "agent"
  const overview = useLive(
    JSON.stringify([scope, by]),
    (signal) => client.analytics.overview({ ...scope, by, signal }),
    { every: EVERY },
  )
  return (
    <Shown of={overview}>
      {(numbers) =>
        numbers.totals.executions === 0 ? (
          <Empty title="No task ended in this time">
            <p class="soft">
              Tasks are counted when they end. <a href={to("tasks")}>See what runs</a>
            </p>
          </Empty>
        ) : (
          <>
            <CoveredNote covered={numbers.covered} />
            <Totals numbers={numbers.totals} />
            <Charts {...numbers} />
            <Groups {...numbers} />
          </>
        )
      }
    </Shown>
  )
}

function Charts({ series, interval }: AnalyticsOverview) {
  const points = series.map((each) => point(each, interval))
  const of = (pick: (point: SeriesPoint) => number | null) => series.map(pick)
  return (
    <>
      <Chart
        title={`Tasks ended by ${interval}`}
        points={points}
        marks={Bars}
        stacked
        format={compact}
        series={[
          { name: "completed", tone: "good", values: of(({ completed }) => completed) },
          { name: "failed", tone: "bad", values: of(({ failed }) => failed) },
          { name: "cancelled", tone: "faint", values: of(({ cancelled }) => cancelled) },
        ]}
      />
      <Chart
        title={`How long they took by ${interval}`}
        points={points}
        marks={Lines}
        format={seconds}
        unit={timeUnit}
        series={[
          { name: "mean", tone: "accent", values: of(({ mean_seconds }) => mean_seconds) },
          { name: "95 % within", tone: "warn", values: of(({ p95_seconds }) => p95_seconds) },
        ]}
      />
      <Chart
        title={`Tokens by ${interval}`}
        points={points}
        marks={Bars}
        format={compact}
        series={[{ name: "tokens", tone: "accent", values: of(({ tokens }) => tokens) }]}
      />
    </>
  )
}

/** Points are hours and days of UTC, and are told so. */
function point({ at }: SeriesPoint, interval: "hour" | "day"): Point {
  const date = new Date(at)
  const day = date.toLocaleDateString("en", { day: "numeric", month: "short", timeZone: "UTC" })
  if (interval === "day") return { short: day, whole: `${day} (UTC)` }
  const hour = at.slice(11, 16)
  return { short: hour === "00:00" ? day : hour, whole: `${day}, ${hour} (UTC)` }
}
