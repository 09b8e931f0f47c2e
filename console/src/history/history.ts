import type { LiveSession, PuntiniEvent, SessionState } from "@puntini/client"
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
  readonly live: LiveSession
  on(listener: (event: PuntiniEvent) => void): () => void
  travel(past: { state: SessionState; at: string } | null): void
}

export function openHistory({ id, live, on, travel }: Followed): History {
  const page = (after: string, signal: AbortSignal) => client.sessions.events(id, { after, signal })
  const log = new EventLog({ page, cursor: () => live.connection.cursor })
  const traveller = new Traveller(log, travel)
  const stops = [on((event) => log.take(event)), live.stream.on("connection", (now) => log.connected(now))]
  return {
    log,
    traveller,
    close() {
      for (const stop of stops) stop()
      traveller.close()
      log.close()
    },
  }
}
