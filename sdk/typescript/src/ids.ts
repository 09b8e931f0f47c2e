import type { PuntiniEvent } from "./protocol.js"

/** What an id of another epoch counts in is another log's. */
export function epochOf(id: string): string {
  return id.slice(0, id.lastIndexOf("."))
}

/** The place of an event in the log; 0 where the id says none. */
export function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(".") + 1)) || 0
}

/** The id of an event of the log; empty where the event is not of it. */
export function idOf(event: PuntiniEvent): string {
  return ("id" in event && event.id) || ""
}

/** Whether a task has ended with this. */
export function isEnd<E extends PuntiniEvent>(
  event: E,
): event is E & { type: `task_${"completed" | "failed" | "cancelled"}` } {
  return /^task_(completed|failed|cancelled)$/.test(event.type)
}
