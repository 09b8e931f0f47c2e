import type { PuntiniEvent } from "../protocol.js"
import { pause } from "./backoff.js"
import type { Ending } from "./endings.js"
import { isEvent, type Batch, type Requests, type Source, type Subscription } from "./source.js"
import { Watch } from "./watch.js"

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
export class PollSource implements Source {
  readonly transport = "poll"
  readonly #requests: Requests
  readonly #asked: Subscription

  constructor(requests: Requests, asked: Subscription) {
    this.#requests = requests
    this.#asked = asked
  }

  async *open(after: string, signal: AbortSignal): AsyncGenerator<Batch, Ending> {
    const watch = new Watch(signal)
    const { silence } = this.#asked.patience
    const longest = Math.min(WAIT_SECONDS, Math.floor(silence / 2_000))
    let live = false
    let wait = 0
    try {
      for (let cursor = after; ; wait = live ? longest : 0) {
        const began = Date.now()
        const page = await watch.within(silence, SLOW, this.#page(cursor, wait, watch.signal))
        const replayed = page.live && !live
        live ||= page.live
        const isSame = page.next === cursor
        cursor = page.next
        yield { events: replayed ? [...page.events, { type: "live", data: { cursor } }] : page.events, cursor }
        if (page.ended) return { kind: "over" }
        // Something on the way may answer instead of waiting, or with what it once heard.
        if ((wait || !page.live) && isSame && Date.now() - began < SOON_MS) await pause(SOON_MS, watch.signal, false)
      }
    } catch (error) {
      if (watch.missed) return watch.missed
      throw error
    } finally {
      watch.end()
    }
  }

  async #page(after: string, wait: number, signal: AbortSignal): Promise<Page> {
    const query = { ...this.#asked.query, after: after || undefined, wait: wait || undefined, limit: LIMIT }
    const answer = await this.#requests.send(this.#asked.path, {
      headers: { accept: "application/json" },
      query,
      signal,
    })
    const page: unknown = await answer.json()
    if (!isPage(page)) throw new SyntaxError("The answer is no page of events.")
    return page
  }
}

function isPage(value: unknown): value is Page {
  return (
    typeof value === "object" &&
    value !== null &&
    "events" in value &&
    Array.isArray(value.events) &&
    value.events.every(isEvent) &&
    "next" in value &&
    typeof value.next === "string" &&
    "live" in value &&
    "ended" in value
  )
}
