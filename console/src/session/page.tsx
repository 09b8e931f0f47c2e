import { signal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { Chat } from "../chat/chat"
import { GraphPane } from "../graph/pane"
import { Events } from "../history/events"
import { TimeTravel } from "../history/travel"
import { SessionHead } from "./head"
import { open } from "./current"

export type Pane = "chat" | "graph" | "events"

/** One session: chat at the left, graph or events at the right, history below. */
export function SessionPage({ id }: { id: string }) {
  const current = useMemo(() => open(id), [id])
  const pane = useMemo(() => signal<Pane>("graph"), [id])
  useEffect(() => () => current.close(), [current])
  return (
    <div class="session" data-pane={pane.value}>
      <SessionHead current={current} pane={pane} />
      <section class="session-chat" aria-label="Conversation">
        <Chat current={current} />
      </section>
      <section class="session-side" aria-label={pane.value === "events" ? "Events" : "Graph"}>
        {pane.value === "events" ? <Events current={current} /> : <GraphPane current={current} />}
      </section>
      <section class="session-history" aria-label="History">
        <TimeTravel current={current} />
      </section>
    </div>
  )
}
