import { signal } from "@preact/signals"
import { useEffect, useMemo, useState } from "preact/hooks"
import { Chat } from "../chat/chat"
import { useReader } from "../chat/rights"
import { GraphPane } from "../graph/pane"
import { Events } from "../history/events"
import { TimeTravel } from "../history/travel"
import { Boundary } from "../parts/boundary"
import { Empty } from "../parts/empty"
import { kept } from "../parts/kept"
import { Splitter } from "../parts/splitter"
import { tabId } from "../parts/tabs"
import { useTitle } from "../parts/title"
import { to } from "../route"
import { fileNameOf, nameOf } from "../sessions/name"
import { useAbout, type About } from "./about"
import { open } from "./current"
import { SessionHead } from "./head"

export type Pane = "chat" | "graph" | "events"

const CHAT = "session-chat"
const SIDE = "session-side"

/** The id of the element that shows it. */
export function panelOf(pane: Pane): string {
  return pane === "chat" ? CHAT : SIDE
}

const LEAST = 22
const MOST = 70
const NORMAL = 38
const NARROW = matchMedia("(max-width: 60rem)")

const isShare = (value: unknown): value is number => typeof value === "number" && value >= LEAST && value <= MOST
/** How much of the width the conversation has, in percent. */
const share = kept("puntini.chat-width", NORMAL, isShare)

/** One session, as far as it can be shown. */
export function SessionPage({ id }: { id: string }) {
  const about = useAbout(id)
  const info = about.info.value
  useTitle(info ? nameOf(info) : "Session")
  if (!about.problem.value) return <Session id={id} about={about} />
  return (
    <div class="page">
      <Empty title={about.problem.value}>
        <div class="row">
          <button type="button" class="button" onClick={about.ask}>
            Try again
          </button>
          <a class="button primary" href={to()}>
            All sessions
          </a>
        </div>
      </Empty>
    </div>
  )
}

/** Chat at the left, graph or events at the right, history below; on narrow screens one of them at a time. */
function Session({ id, about }: { id: string; about: About }) {
  const current = useMemo(() => open(id), [id])
  const reader = useReader(id)
  const isNarrow = useNarrow()
  const [chosen, setChosen] = useState<Pane>(isNarrow ? "chat" : "graph")
  const pane = !isNarrow && chosen === "chat" ? "graph" : chosen
  const isWide = useMemo(() => signal(false), [id])
  useEffect(() => () => current.close(), [current])
  const isConnected = current.connection.value.status === "open"
  useEffect(() => {
    // It may have been asked for while the server was away.
    if (isConnected && !about.info.peek()) about.ask()
  }, [isConnected, about])
  const info = about.info.value
  useEffect(() => {
    if (info) current.fileName.value = fileNameOf(info)
  }, [current, info])
  const isAll = isWide.value && !isNarrow
  return (
    <div class="session" data-pane={pane} data-wide={isAll || undefined} style={{ "--chat": `${share.value}%` }}>
      <SessionHead current={current} about={about} pane={pane} onPane={setChosen} isNarrow={isNarrow} isWide={isWide} />
      <section id={CHAT} class="session-chat" aria-label="Chat">
        <Boundary>
          <Chat current={current} reader={reader} />
        </Boundary>
      </section>
      {!isNarrow && !isAll && (
        <Splitter share={share} least={LEAST} most={MOST} normal={NORMAL} label="Resize the chat" controls={CHAT} />
      )}
      <section id={SIDE} class="session-side" role="tabpanel" aria-labelledby={tabId(pane === "chat" ? "graph" : pane)}>
        <Boundary key={pane}>
          {pane === "events" ? <Events current={current} /> : <GraphPane current={current} reader={reader} />}
        </Boundary>
      </section>
      <section class="session-history" aria-label="History">
        <Boundary>
          <TimeTravel current={current} />
        </Boundary>
      </section>
    </div>
  )
}

function useNarrow(): boolean {
  const [isNarrow, setNarrow] = useState(NARROW.matches)
  useEffect(() => {
    const change = () => setNarrow(NARROW.matches)
    NARROW.addEventListener("change", change)
    return () => NARROW.removeEventListener("change", change)
  }, [])
  return isNarrow
}
