import type { PuntiniEvent } from "../protocol.js"

interface Named {
  task_id: string
  attempt: number
  agent: string
}

/** An event of the log whose envelope says empty what it leaves out. */
export type Said<E extends PuntiniEvent = PuntiniEvent> = E & Named & { id: string }
