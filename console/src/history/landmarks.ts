import type { Logged } from "./ids"
import type { KeptEvents } from "./kept"

/** What one jumps to. */
export type Stop = "task" | "message" | "graph"

/** What the slider marks. */
export type Mark = "prompt" | "end" | "approval" | "retraction"

export const MARKS: readonly Mark[] = ["prompt", "end", "approval", "retraction"]

/** Whether an event is one to stop at. */
export function isStop(event: Logged, stop: Stop): boolean {
  switch (stop) {
    case "task":
      return event.type === "task_started"
    case "message":
      return event.type === "user_prompt" || (event.type === "assistant_response" && !event.data.chunk)
    case "graph":
      return event.type === "graph_update"
  }
}

/** What an event is marked as; null for most. */
export function markOf(event: Logged): Mark | null {
  switch (event.type) {
    case "user_prompt":
      return "prompt"
    case "task_completed":
    case "task_failed":
    case "task_cancelled":
      return "end"
    case "approval_request":
    case "approval_resolved":
      return "approval"
    case "task_retracted":
      return "retraction"
    default:
      return null
  }
}

/** The index of the next stop from `index` on, in a direction; -1 where there is none. */
export function stopFrom(kept: KeptEvents, index: number, stop: Stop, by: 1 | -1): number {
  for (let at = index + by; at >= kept.begin && at < kept.end; at += by) {
    const event = kept.at(at)
    if (event && isStop(event, stop)) return at
  }
  return -1
}

/** The marks of the log, found as it grows. */
export class Landmarks {
  readonly #found: { index: number; mark: Mark }[] = []
  #seen = 0

  /** Where the marks are, from 0 to 1 over what is kept, each place once: as many as a slider can show. */
  places(kept: KeptEvents, most = 1000): Map<Mark, number[]> {
    this.#look(kept)
    const places = new Map<Mark, Set<number>>(MARKS.map((mark) => [mark, new Set()]))
    const length = Math.max(1, kept.end - kept.begin)
    for (const { index, mark } of this.#found)
      places.get(mark)?.add(Math.round(((index - kept.begin) / length) * most) / most)
    return new Map([...places].map(([mark, found]) => [mark, [...found]]))
  }

  #look(kept: KeptEvents): void {
    const gone = this.#found.findIndex(({ index }) => index >= kept.begin)
    this.#found.splice(0, gone === -1 ? this.#found.length : gone)
    for (let index = Math.max(this.#seen, kept.begin); index < kept.end; index++) {
      const event = kept.at(index)
      const mark = event && markOf(event)
      if (mark) this.#found.push({ index, mark })
    }
    this.#seen = kept.end
  }
}
