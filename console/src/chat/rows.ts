import type { MessageView, SessionState } from "@puntini/client"
import type { Decision } from "./decisions"

/** A line of the conversation: what somebody said or decided, or below that what was done for a task. */
export type Row =
  | { readonly kind: "message"; readonly key: string; readonly message: MessageView }
  | { readonly kind: "decision"; readonly key: string; readonly decision: Decision }
  | { readonly kind: "work"; readonly key: string; readonly taskId: string }

/** The conversation in order: a decision stands where it was asked for, what a task did below the last that was said for it. */
export function rows(
  messages: readonly MessageView[],
  { tasks, activities }: Pick<SessionState, "tasks" | "activities">,
  decisions: readonly Decision[] = [],
): Row[] {
  const last = new Map(messages.map((message, index) => [message.task_id, index]))
  last.delete("")
  const made: Row[] = []
  const left = [...decisions]
  const decided = (until?: string) => {
    while (left[0] && (until === undefined || left[0].askedAt < until)) {
      const decision = left.shift()
      if (decision) made.push({ kind: "decision", key: `decision ${decision.item.id}`, decision })
    }
  }
  messages.forEach((message, index) => {
    decided(message.timestamp)
    made.push({ kind: "message", key: message.id, message })
    if (last.get(message.task_id) === index) made.push(work(message.task_id))
  })
  decided()
  // What was said for them may be further up than what is loaded.
  const silent = tasks.filter(({ task_id }) => !last.has(task_id) && activities.has(task_id))
  return [...made, ...silent.map(({ task_id }) => work(task_id))]
}

function work(taskId: string): Row {
  return { kind: "work", key: `work ${taskId}`, taskId }
}
