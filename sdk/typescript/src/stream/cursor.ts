import type { PuntiniEvent } from "../protocol.js"

/** How far a log was read. It drops what was read before, and moves with what is new. */
export class Cursor {
  #at = ""
  #epoch = ""
  #seq = 0

  constructor(at = "") {
    if (at) this.set(at)
  }

  /** The id to go on from; empty before the first. */
  get at(): string {
    return this.#at
  }

  /** Whether `event` is new; then the cursor is behind it. Control events always are. */
  admits(event: PuntiniEvent): boolean {
    if (event.type === "session_ready") this.set(event.data.cursor)
    else if (event.type === "live") this.reach(event.data.cursor)
    else if ("id" in event && event.id) return this.reach(event.id)
    return true
  }

  /** Move on to `id`; false where that is not further. An id of another epoch is. */
  reach(id: string): boolean {
    const dot = id.lastIndexOf(".")
    if (id.slice(0, dot) === this.#epoch && Number(id.slice(dot + 1)) <= this.#seq) return false
    this.set(id)
    return true
  }

  /** Be at `id`, also where that is further back: a snapshot replaces what was known. */
  set(id: string): void {
    const dot = id.lastIndexOf(".")
    this.#at = id
    this.#epoch = id.slice(0, dot)
    this.#seq = Number(id.slice(dot + 1))
  }
}

/** Which id has been reached with `event`; empty of control events that have none. */
export function positionOf(event: PuntiniEvent): string {
  if (event.type === "session_ready" || event.type === "live") return event.data.cursor
  return ("id" in event && event.id) || ""
}
