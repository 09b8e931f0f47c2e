import { idOf, seqOf } from "../ids.js"
import type { PuntiniEvent } from "../protocol.js"

/** What no agent may say; no retraction takes these back. */
const SERVERS_OWN =
  /^(user_prompt|task_(started|paused|resumed|completed|failed|cancelled|retracted)|approval_resolved|session_closed)$/

/** An event of the log, and its place in it. */
export interface Logged {
  readonly seq: number
  readonly id: string
  readonly event: PuntiniEvent
}

/** Since the event `at`, what the agents of the task said from `first` to `last` is void. */
export interface Retraction {
  readonly at: number
  readonly taskId: string
  readonly first: number
  readonly last: number
}

/** An event with its place; undefined for one that is not of the log. */
export function logged(event: PuntiniEvent): Logged | undefined {
  const id = idOf(event)
  return id ? { seq: seqOf(id), id, event } : undefined
}

/** What an event takes back; undefined where that is nothing. */
export function retraction({ seq: at, event }: Logged): Retraction | undefined {
  if (event.type !== "task_retracted") return undefined
  const { task_id: taskId, data } = event
  const [first, last] = [seqOf(data.from_id), seqOf(data.to_id)]
  const isSome = taskId && first > 0 && first <= last && first < at
  return isSome ? { at, taskId, first, last } : undefined
}

/** Whether one of the retractions takes an event back. */
export function isVoid(retractions: readonly Retraction[], { seq, event }: Logged): boolean {
  return retractions.some(
    ({ at, taskId, first, last }) =>
      first <= seq &&
      seq <= last &&
      seq < at &&
      "task_id" in event &&
      taskId === event.task_id &&
      !SERVERS_OWN.test(event.type),
  )
}
