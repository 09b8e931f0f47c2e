import { epochOf, idOf, seqOf } from "../ids.js"
import type { PuntiniEvent } from "../protocol.js"

/** How far a log was read. It drops what was read before, and moves with what is new. */
export class Cursor {
  /** The id to go on from; empty before the first. */
  at: string

  constructor(at = "") {
    this.at = at
  }

  /** Whether `event` is new; then the cursor is behind it. Control events always are. */
  admits(event: PuntiniEvent): boolean {
    const id = positionOf(event)
    // A snapshot replaces what was known, also where that is further back.
    if (event.type === "session_ready") this.at = id
    else if (id) return this.reach(id) || event.type === "live"
    return true
  }

  /** Move on to `id`; false where that is not further. An id of another epoch is. */
  reach(id: string): boolean {
    if (epochOf(id) === epochOf(this.at) && seqOf(id) <= seqOf(this.at)) return false
    this.at = id
    return true
  }
}

/** Which id has been reached with `event`; empty of control events that have none. */
export function positionOf(event: PuntiniEvent): string {
  return event.type === "session_ready" || event.type === "live" ? event.data.cursor : idOf(event)
}
