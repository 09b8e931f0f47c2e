import type { PuntiniEvent } from "@puntini/client"

/** An event of the log, rather than one of a connection. */
export type Logged = PuntiniEvent & { id: string; timestamp: string }

export function isLogged(event: PuntiniEvent): event is Logged {
  return "id" in event && !!event.id
}

/** The number in an id, `<epoch>.<seq>`: 0 where there is none. */
export function seqOf(id: string): number {
  return Number(id.slice(id.lastIndexOf(".") + 1)) || 0
}

/** The life of the log that an id is of: numbers of two lives can't be compared. */
export function epochOf(id: string): string {
  return id.slice(0, Math.max(0, id.lastIndexOf(".")))
}

/** An event's task and agent; empty where it has none. */
export function whose(event: object): { task: string; agent: string } {
  return {
    task: ("task_id" in event && String(event.task_id ?? "")) || "",
    agent: ("agent" in event && String(event.agent ?? "")) || "",
  }
}
