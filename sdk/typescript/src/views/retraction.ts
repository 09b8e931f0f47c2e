import type { PuntiniEvent, TaskRetracted } from "../protocol.js"

/** What no agent may say; no retraction takes these back. */
const SERVERS_OWN: ReadonlySet<string> = new Set([
  "user_prompt",
  "task_started",
  "task_paused",
  "task_resumed",
  "task_completed",
  "task_failed",
  "task_cancelled",
  "task_retracted",
  "approval_resolved",
  "session_closed",
])

/** An event of the log, and its place in it. */
export interface Logged {
  readonly seq: number
  readonly event: PuntiniEvent
}

/** Since the event `at`, what the agents of the task said from `first` to `last` is void. */
export interface Retraction {
  readonly at: number
  readonly taskId: string
  readonly first: number
  readonly last: number
}

/** The place of an event in the log; 0 where the id says none. */
export function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(".") + 1)) || 0
}

/** What an event takes back; undefined where that is nothing. */
export function retraction(at: number, { task_id, data }: TaskRetracted): Retraction | undefined {
  const first = seqOf(data.from_id)
  const last = seqOf(data.to_id)
  const isSome = task_id && first > 0 && first <= last && first < at
  return isSome ? { at, taskId: task_id, first, last: Math.min(last, at - 1) } : undefined
}

/** Whether one of the retractions takes an event back. */
export function isVoid(retractions: readonly Retraction[], { seq, event }: Logged): boolean {
  return (
    "task_id" in event &&
    !SERVERS_OWN.has(event.type) &&
    retractions.some(({ taskId, first, last }) => taskId === event.task_id && first <= seq && seq <= last)
  )
}
