import type { PerformanceNumbers } from "@puntini/client"
import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { Time } from "../../parts/time"
import { to } from "../../route"
import { Figure } from "../facts"
import { useLive } from "../live"
import { Shown } from "../shown"
import { Status } from "../status"
import { change, compact, many, percent, seconds } from "../words"
import { CoveredNote } from "./covered"
import type { Scope } from "./period"

/** How the agents do beside the period before: what stands out, what was slow, and why tasks failed. */
export function Performance({ scope }: { scope: Scope }) {
  const loaded = useLive(JSON.stringify(scope), (signal) => client.analytics.performance({ ...scope, signal }))
  return (
    <Shown of={loaded}>
      {({ covered, report }) => (
        <>
          <CoveredNote covered={covered} />
          <Findings findings={report.findings} />
          {report.now.executions === 0 ? (
            <Empty title="No task ended in this time" />
          ) : (
            <>
              <Sample report={report} />
              <Slowest slowest={report.slowest} />
              <Failures failures={report.failures} failed={report.now.failed} />
            </>
          )}
        </>
      )}
    </Shown>
  )
}

function Findings({ findings }: { findings: readonly string[] }) {
  return (
    <section class="card stack tight" aria-label="What stands out">
      <h2>What stands out</h2>
      {findings.length ? (
        <ul class="findings">
          {findings.map((each) => (
            <li key={each}>{each}</li>
          ))}
        </ul>
      ) : (
        <p class="soft">Nothing: all is as in the period before.</p>
      )}
    </section>
  )
}

function Sample({ report: { throughput, sample, now, before } }: { report: PerformanceNumbers }) {
  return (
    <dl class="figures card">
      <Figure
        name="Tasks an hour"
        value={compact(throughput.per_hour)}
        detail={throughput.change === null ? "none before" : `${change(throughput.change)} to before`}
      />
      <Figure
        name="Went well"
        value={percent(now.success_rate)}
        detail={before.success_rate === null ? "" : `${percent(before.success_rate)} before`}
      />
      <Figure
        name="First answer after"
        value={seconds(sample.first_answer_seconds?.p50)}
        detail={`median of the latest ${many(sample.tasks, "task")}`}
      />
      <Figure name="In the queue" value={seconds(sample.queued_seconds?.p95)} detail="95 % no longer" />
      <Figure name="Waiting for people" value={seconds(sample.waiting_seconds?.p95)} detail="95 % no longer" />
    </dl>
  )
}

function Slowest({ slowest }: Pick<PerformanceNumbers, "slowest">) {
  return (
    <section class="card stack" aria-label="Slowest tasks">
      <h2>Slowest tasks</h2>
      <ol class="entries">
        {slowest.map((each) => (
          <li key={each.task_id} class="row apart">
            <span class="grow">
              <a href={to("tasks", each.task_id)}>{each.topic || "without words"}</a>
              <span class="small soft">
                {" "}
                by {each.agent}, <Time at={each.ended_at} />
              </span>
            </span>
            <span class="row">
              <Status of={each.status} />
              {seconds(each.duration_seconds)}
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}

function Failures({ failures, failed }: Pick<PerformanceNumbers, "failures"> & { failed: number }) {
  return (
    <section class="card stack" aria-label="Why tasks failed">
      <h2>Why tasks failed</h2>
      {failed === 0 && <p class="soft">None failed.</p>}
      <ol class="entries">
        {failures.map((each) => (
          <li key={each.reason} class="row apart">
            <span class="grow">
              <a href={to("tasks", each.task_id)}>{each.reason || "The log does not hold the reason any more."}</a>
              <span class="small soft"> {each.agents.join(", ")}</span>
            </span>
            <span>
              {many(each.count, "task")} <span class="soft small">{percent(each.share)}</span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  )
}
