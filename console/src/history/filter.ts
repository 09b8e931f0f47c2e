import type { PuntiniEvent } from "@puntini/client"
import { whose } from "./ids"

export const LEVELS = ["debug", "info", "warning", "error"] as const
export type Level = (typeof LEVELS)[number]

/** Which events are shown. */
export interface Filter {
  /** Only these types; empty is all. */
  readonly types: ReadonlySet<string>
  /** Only this task's; empty is all. */
  readonly task: string
  /** Only those in whose JSON this occurs, in whatever case. */
  readonly text: string
  /** `debug` events from this level on. */
  readonly level: Level
  /** Whether to show what this connection says of itself. */
  readonly connection: boolean
}

export const ALL: Filter = { types: new Set(), task: "", text: "", level: "debug", connection: false }

/** Whether an event of the log passes. */
export function admits(filter: Filter, event: PuntiniEvent): boolean {
  if (filter.types.size && !filter.types.has(event.type)) return false
  if (filter.task && whose(event).task !== filter.task) return false
  if (event.type === "debug" && LEVELS.indexOf(event.data.level) < LEVELS.indexOf(filter.level)) return false
  return !filter.text || JSON.stringify(event).toLowerCase().includes(filter.text.toLowerCase())
}
