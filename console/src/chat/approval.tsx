import type { ActivityItem, OpenApproval } from "@puntini/client"
import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { AnswerForm } from "./answer"
import type { Talk } from "./talk"
import { Value } from "./value"

type Decision = "approved" | "denied" | "answered"

const DECISIONS: Record<string, Decision> = {
  approve: "approved",
  approved: "approved",
  deny: "denied",
  denied: "denied",
}
const TIME = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" })

/** A question of an agent, and the buttons that decide it. `blocked` says why this person can't. */
export function Approval({ asked, talk, blocked }: { asked: OpenApproval; talk: Talk; blocked: string }) {
  const { busy, problem, run } = useWorking()
  const decide = async (decision: Decision, value?: unknown) => {
    if (await run(() => talk.live.approve(asked.approval_id, decision, value))) talk.focus()
  }
  const choose = (option: string) => {
    const decision = DECISIONS[option.toLowerCase()]
    if (decision) void decide(decision)
    else void decide("answered", option)
  }
  const hasMore = Object.keys(asked.parameters ?? {}).length > 0
  const expires = asked.expires_at ? new Date(asked.expires_at) : null
  return (
    <section class="chat-approval" id={approvalId(asked.approval_id)} tabIndex={-1} aria-label="A decision for you">
      <p class="chat-approval-question">{asked.question}</p>
      {asked.tool_name && hasMore && (
        <div class="chat-approval-call small">
          <code>{asked.tool_name}</code>
          <Value value={asked.parameters} />
        </div>
      )}
      {!blocked && (
        <div class="row">
          {asked.options.map((option, index) => (
            <button
              key={option}
              type="button"
              class={`button ${index === 0 ? "primary" : ""}`}
              disabled={busy}
              onClick={() => choose(option)}
            >
              {option.charAt(0).toUpperCase() + option.slice(1)}
            </button>
          ))}
        </div>
      )}
      {!blocked && asked.response_schema && (
        <AnswerForm schema={asked.response_schema} busy={busy} onAnswer={(value) => void decide("answered", value)} />
      )}
      {blocked && <p class="small soft">{blocked}</p>}
      {expires && (
        <p class="small soft">
          {"Open until "}
          <time dateTime={asked.expires_at}>{TIME.format(expires)}</time>
        </p>
      )}
      {problem && <Problem text={problem} />}
    </section>
  )
}

/** The id of a question's element, for those who lead there. */
export function approvalId(id: string): string {
  return `approval-${id}`
}

/** How a question was decided. */
export function Verdict({ item }: { item: Extract<ActivityItem, { kind: "approval" }> }) {
  const { decision, by, request, value } = item
  const tone = { approved: "good", answered: "good", denied: "bad" }[decision] ?? ""
  return (
    <div class="verdict">
      <span>{request.question}</span>
      <span class={`badge ${tone}`}>{decision || "open"}</span>
      {value !== null && value !== undefined && <Value value={value} />}
      {by && decision !== "expired" && <span class="small soft">{`by ${by}`}</span>}
    </div>
  )
}
