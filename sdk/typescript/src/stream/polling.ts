import { pause } from "../pause.js"
import type { PuntiniEvent } from "../protocol.js"
import type { Ending } from "./endings.js"
import { isEvent, type Requests, type Source, type Subscription } from "./source.js"
import { within } from "./watch.js"

const LIMIT = 500
const WAIT_SECONDS = 20
const SOON_MS = 1_000
const SLOW: Ending = { kind: "lost", reason: "The server took too long to answer." }

/** What a page says (docs/protocol.md, Pages). */
interface Page {
  readonly events: readonly PuntiniEvent[]
  readonly next: string
  readonly live: boolean
  readonly ended: boolean
}

/** Long-polling: pages of at most 500 events, each asked for when the one before was taken. */
export function pollSource(requests: Requests, { path, query, patience: { silence } }: Subscription): Source {
  const headers = { accept: "application/json" }
  const longest = Math.min(WAIT_SECONDS, Math.floor(silence / 2_000))

  async function ask(after: string, wait: number, signal: AbortSignal): Promise<Page> {
    const which = { ...query, after: after || undefined, wait: wait || undefined, limit: LIMIT }
    const answer = await requests.send(path, { headers, query: which, signal })
    const page: unknown = await answer.json()
    if (!isPage(page)) throw new SyntaxError()
    return page
  }

  return {
    transport: "poll",
    async *open(cursor, connection) {
      const { signal } = connection
      let wait = 0
      let live = false
      for (;;) {
        const began = Date.now()
        const page = await within(silence, connection, SLOW, ask(cursor, wait, signal))
        const replayed = page.live && !live
        live ||= page.live
        cursor = page.next
        yield { events: replayed ? [...page.events, { type: "live", data: { cursor } }] : page.events, cursor }
        if (page.ended) return { kind: "over" }
        // Something on the way may answer instead of waiting.
        if (wait && !page.events.length && Date.now() - began < SOON_MS) await pause(SOON_MS, signal)
        wait = live ? longest : 0
      }
    },
  }
}

function isPage(value: unknown): value is Page {
  if (typeof value !== "object" || !value || !("events" in value && "next" in value)) return false
  return Array.isArray(value.events) && value.events.every(isEvent) && typeof value.next === "string"
}
