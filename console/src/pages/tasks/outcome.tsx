import type { PendingResult, TaskResult } from "@puntini/client"
import { Markdown } from "../../parts/markdown"
import { to } from "../../route"

/** What came of a task, or what it waits for. */
export function Outcome({ result, session }: { result: TaskResult | PendingResult; session: string }) {
  return (
    <section class="card stack" aria-label="Result">
      <h2>Result</h2>
      {"approvals" in result ? <Pending result={result} session={session} /> : <Ended result={result} />}
    </section>
  )
}

function Pending({ result, session }: { result: PendingResult; session: string }) {
  if (!result.approvals.length) return <p class="soft">It has not ended: it is {result.status}.</p>
  return (
    <>
      {result.approvals.map((each) => (
        <div key={each.approval_id} class="notice warn row apart">
          <span class="prose">{each.question || `It wants to call ${each.tool_name}.`}</span>
          <a class="button" href={to("sessions", session)}>
            Decide in its session
          </a>
        </div>
      ))}
    </>
  )
}

function Ended({ result }: { result: TaskResult }) {
  return (
    <>
      {result.error && <p class={`notice prose ${result.status === "failed" ? "bad" : ""}`}>{result.error}</p>}
      {result.final_answer && <Markdown text={result.final_answer} />}
      {!result.error && !result.final_answer && <p class="soft">It ended without an answer.</p>}
      {result.reasoning && (
        <details>
          <summary>Reasoning</summary>
          <p class="prose soft">{result.reasoning}</p>
        </details>
      )}
      {!result.complete && <p class="small soft">A part of its events is not kept any more.</p>}
    </>
  )
}
