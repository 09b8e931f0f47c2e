import { signal, type ReadonlySignal, type Signal } from "@preact/signals"
import type { Connection, LiveSession, PuntiniEvent, SessionState } from "@puntini/client"
import { activities } from "@puntini/client/activities"
import { tabs } from "@puntini/client/tabs"
import { client } from "../client"
import { openHistory, type History } from "../history/history"

/** A session that is open on the page: what it amounts to, as signals. */
export interface Current {
  readonly id: string
  /** What its files are called: its title, or before that is known its id. */
  readonly fileName: Signal<string>
  readonly live: LiveSession
  /** What is shown: the present, or the past while somebody travels there. */
  readonly shown: ReadonlySignal<SessionState>
  /** The present, always. */
  readonly present: ReadonlySignal<SessionState>
  readonly connection: ReadonlySignal<Connection>
  /** The id at which the past is shown; empty in the present. */
  readonly at: ReadonlySignal<string>
  /** Show a state of the past; null comes back to the present. */
  travel(past: { state: SessionState; at: string } | null): void
  /** Call `listener` with each event as it comes. Returns how to stop. */
  on(listener: (event: PuntiniEvent) => void): () => void
  /** The session's log, and where in it one is. */
  readonly history: History
  close(): void
}

/** Follow a session until it is closed. */
export function open(id: string): Current {
  const live = client.session(id, { shared: tabs, activities })
  const present = signal(live.state)
  const past = signal<{ state: SessionState; at: string } | null>(null)
  const shown = signal(live.state)
  const at = signal("")
  const connection = signal(live.connection)
  const show = () => {
    shown.value = past.peek()?.state ?? present.peek()
    at.value = past.peek()?.at ?? ""
  }
  const stop = live.subscribe(() => {
    present.value = live.state
    connection.value = live.connection
    show()
  })
  const travel: Current["travel"] = (to) => {
    past.value = to
    show()
  }
  const on: Current["on"] = (listener) => live.stream.on("event", listener)
  const history = openHistory({ id, live, on, travel })
  return {
    id,
    fileName: signal(id),
    live,
    shown,
    present,
    connection,
    at,
    travel,
    on,
    history,
    close() {
      history.close()
      stop()
      live.close()
    },
  }
}
