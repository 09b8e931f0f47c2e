import { useEffect, useId, useRef, useState } from "preact/hooks"
import type { Connection } from "@puntini/client"
import { Copy } from "../parts/copy"
import type { Current } from "./current"

const TRANSPORTS = { sse: "Server-sent events", websocket: "WebSocket", poll: "Long polling" }
/** Shorter interruptions are shown, but not read out. */
const WORTH_SAYING_MS = 2_000

type Tone = "good" | "warn" | "bad" | ""

/** How the session is connected: a word that is always there, and behind it by what and up to where. */
export function Link({ current }: { current: Current }) {
  const connection = current.connection.value
  const isOnline = useOnline()
  const seconds = useSecondsTo(connection.retryAt)
  const { text, tone } = stateOf(connection, isOnline)
  const id = useId()
  return (
    <div class="link">
      <button type="button" class="button quiet link-button" popovertarget={id} title={connection.reason}>
        <span class={`link-dot ${tone}`} />
        {text}
        {text === "Reconnecting" && seconds > 0 && <span class="count">{`in ${seconds} s`}</span>}
      </button>
      {connection.status === "waiting" && isOnline && (
        <button type="button" class="button small" onClick={tryNow}>
          Now
        </button>
      )}
      <Announced text={text} />
      <LinkDetails id={id} connection={connection} />
    </div>
  )
}

function LinkDetails({ id, connection }: { id: string; connection: Connection }) {
  const { transport, cursor, attempts, reason, status } = connection
  return (
    <div id={id} popover="auto" class="popover link-details">
      <dl class="facts">
        <dt>Carried by</dt>
        <dd>{TRANSPORTS[transport]}</dd>
        <dt>Read up to</dt>
        <dd class="row">
          <code>{cursor || "nothing yet"}</code>
          {cursor && <Copy text={cursor} label="the cursor" />}
        </dd>
        {attempts > 0 && (
          <>
            <dt>Failed tries</dt>
            <dd>{attempts}</dd>
          </>
        )}
        {reason && status !== "open" && (
          <>
            <dt>Why</dt>
            <dd>{reason}</dd>
          </>
        )}
      </dl>
      <p class="soft small">Nothing is lost while the connection is: it goes on where it was.</p>
    </div>
  )
}

/** Says the word to screen readers once it has stayed a while. */
function Announced({ text }: { text: string }) {
  const [said, setSaid] = useState("")
  const isFirst = useRef(true)
  useEffect(() => {
    // That all is well at the beginning needs no word.
    if (isFirst.current && text === "Live") isFirst.current = false
    if (isFirst.current) return
    const timer = setTimeout(() => setSaid(text), WORTH_SAYING_MS)
    return () => clearTimeout(timer)
  }, [text])
  return (
    <span class="hidden" role="status">
      {said && `Connection: ${said}`}
    </span>
  )
}

function stateOf({ status, live }: Connection, isOnline: boolean): { text: string; tone: Tone } {
  if (status === "closed") return { text: "Ended", tone: "" }
  if (!isOnline) return { text: "Offline", tone: "bad" }
  if (status === "waiting") return { text: "Reconnecting", tone: "warn" }
  if (status === "connecting") return { text: "Connecting", tone: "" }
  return live ? { text: "Live", tone: "good" } : { text: "Catching up", tone: "warn" }
}

/** Whoever waits for the network to come back takes this as the sign, and tries at once. */
function tryNow(): void {
  dispatchEvent(new Event("online"))
}

/** Whether the browser has a network, as far as it knows. */
export function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const change = () => setOnline(navigator.onLine)
    addEventListener("online", change)
    addEventListener("offline", change)
    return () => {
      removeEventListener("online", change)
      removeEventListener("offline", change)
    }
  }, [])
  return isOnline
}

/** How many seconds are left, counted down; 0 when there is nothing to wait for. */
function useSecondsTo(moment: number | undefined): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (moment === undefined) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [moment])
  return moment === undefined ? 0 : Math.max(0, Math.ceil((moment - now) / 1000))
}
