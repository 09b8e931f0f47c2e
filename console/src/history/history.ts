import type { PuntiniEvent, SessionState } from "@puntini/client"
import { client } from "../client"
import { EventLog } from "./log"
import { Traveller } from "./traveller"

/** A session's past: its log, and where one is in it. */
export interface History {
  readonly log: EventLog
  readonly traveller: Traveller
  close(): void
}

/** What a session that is open gives to its history. */
interface Followed {
  readonly id: string
  on(listener: (event: PuntiniEvent) => void): () => void
  cursor(): string
  travel(past: { state: SessionState; at: string } | null): void
}

export function openHistory({ id, on, cursor, travel }: Followed): History {
  const page = (after: string, signal: AbortSignal) => client.sessions.events(id, { after, signal })
  const log = new EventLog({ page, cursor })
  const traveller = new Traveller(log, travel)
  const stop = on((event) => log.take(event))
  return {
    log,
    traveller,
    close() {
      stop()
      traveller.close()
      log.close()
    },
  }
}
