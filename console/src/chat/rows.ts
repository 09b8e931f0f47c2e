import type { MessageView, SessionState } from "@puntini/client"

/** A line of the conversation: what somebody said, or below that what was done for a task. */
export type Row =
  | { readonly kind: "message"; readonly key: string; readonly message: MessageView }
  | { readonly kind: "work"; readonly key: string; readonly taskId: string }

/** The conversation in order: what a task did stands below the last that was said for it. */
export function rows(
  messages: readonly MessageView[],
  { tasks, activities }: Pick<SessionState, "tasks" | "activities">,
): Row[] {
  const last = new Map(messages.map((message, index) => [message.task_id, index]))
  last.delete("")
  const made: Row[] = []
  messages.forEach((message, index) => {
    made.push({ kind: "message", key: message.id, message })
    if (last.get(message.task_id) === index) made.push(work(message.task_id))
  })
  // What was said for them may be further up than what is loaded.
  const silent = tasks.filter(({ task_id }) => !last.has(task_id) && activities.has(task_id))
  return [...made, ...silent.map(({ task_id }) => work(task_id))]
}

function work(taskId: string): Row {
  return { kind: "work", key: `work ${taskId}`, taskId }
}
