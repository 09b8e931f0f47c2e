import type { GraphOp } from "@puntini/client"
import type { Word } from "./log"

const LONGEST = 240

/** What an event says, in a line. */
export function summaryOf(event: Word): string {
  const line = said(event)
  return (line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line).replace(/\s+/g, " ")
}

function said(event: Word): string {
  switch (event.type) {
    case "user_prompt":
      return event.data.prompt
    case "assistant_response":
      return event.data.chunk ? `+ ${event.data.text}` : event.data.text
    case "reasoning":
      return `${event.data.chunk ? "+ " : ""}${event.data.text ?? event.data.steps?.join("; ") ?? ""}`
    case "debug":
      return `${event.data.level}: ${event.data.message}`
    case "graph_update":
      return `version ${event.data.version}: ${changes(event.data.delta)}`
    case "state_update":
      return `version ${event.data.version}: ${event.data.patch ? `${event.data.patch.length} changes` : "whole"}`
    case "tool_call":
      return `${event.data.tool_name} ${event.data.status}${event.data.error ? `: ${event.data.error}` : ""}`
    case "step":
      return `${event.data.step_number}. ${event.data.name}${event.data.success ? "" : " failed"}`
    case "plan_update":
      return event.data.current_plan.join("; ")
    case "memory_summary":
      return event.data.summary
    case "agent_status":
      return joined(`${event.data.agent} is ${event.data.status}`, event.data.detail)
    case "workflow_update":
      return joined(`to ${event.data.to_agent}`, event.data.reason)
    case "approval_request":
      return event.data.question
    case "approval_resolved":
      return `${event.data.decision} by ${event.data.by}`
    case "task_started":
    case "task_progress":
    case "task_paused":
    case "task_resumed":
      return joined(progress(event.data), event.data.detail)
    case "task_completed":
    case "task_failed":
    case "task_cancelled":
      return joined(`after ${event.data.duration_seconds.toFixed(1)} s`, event.data.error || event.data.final_answer)
    case "task_retracted":
      return `attempt ${event.data.attempt}, from ${event.data.from_id} to ${event.data.to_id}, no longer counts`
    case "session_closed":
      return event.data.reason
    case "error":
      return `${event.error.code} ${event.error.message}`
    case "session_ready":
      return `a snapshot at ${event.data.cursor}`
    case "live":
      return `what follows ${event.data.cursor} is new`
    case "gap":
      return `${event.data.requested} could not be honoured (${event.data.reason}); goes on at ${event.data.resumed_at}`
    case "reconnect":
      return `the server ends this connection (${event.data.reason}); back in ${event.data.retry_ms} ms`
    case "connection":
      return joined(`${event.data.status} by ${event.data.transport}`, event.data.reason)
    case "auth_expiring":
      return `the log-in ends at ${event.data.expires_at}`
    default:
      return JSON.stringify("data" in event ? event.data : event).slice(0, LONGEST)
  }
}

function joined(first: string, second = ""): string {
  return second ? `${first}: ${second}` : first
}

function progress({ status, progress }: { status: string; progress?: number | null }): string {
  return typeof progress === "number" ? `${status}, ${Math.round(progress * 100)} %` : status
}

/** What a change of the graph does: the elements of few, the numbers of many. */
function changes(delta: readonly GraphOp[]): string {
  if (delta.length <= 3) return delta.map(change).join(", ")
  const counts = new Map<string, number>()
  for (const { action } of delta) counts.set(action, (counts.get(action) ?? 0) + 1)
  return [...counts].map(([action, count]) => `${count} × ${action.replace("_", " ")}`).join(", ")
}

function change({ action, node, edge, id }: GraphOp): string {
  const name = node?.key ?? node?.id ?? (edge ? `${edge.source} → ${edge.target}` : (id ?? ""))
  const label = node?.label ?? edge?.label ?? ""
  return [action.replace("_", " "), label, name].filter(Boolean).join(" ")
}
