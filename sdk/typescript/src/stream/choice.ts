import type { Transport } from "./source.js"

const ASIDE_MS = 60_000
const LONGEST_ASIDE_MS = 15 * 60_000
const SILENCES = 2

/** Each transport with the one that is tried in its place. */
const SIMPLER: Record<Transport, Transport> = { websocket: "sse", sse: "poll", poll: "poll" }

/**
 * Which transport to use: the one that is wished for, or a simpler one while something on the way blocks it.
 *
 * What was blocked is tried again after a minute, then two, four and so on.
 */
export class Choice {
  wish: Transport
  readonly #aside = new Map<Transport, { until: number; times: number }>()
  #doubted: Transport | undefined
  #silences = 0

  constructor(wish: Transport) {
    this.wish = wish
  }

  pick(now: number): Transport {
    let transport = this.wish
    while (transport !== "poll" && (this.#aside.get(transport)?.until ?? 0) > now) transport = SIMPLER[transport]
    return transport
  }

  /** `transport` did not get through. */
  blocked(transport: Transport, now: number): void {
    const times = (this.#aside.get(transport)?.times ?? 0) + 1
    const wait = Math.min(LONGEST_ASIDE_MS, ASIDE_MS * 2 ** (times - 1))
    this.#aside.set(transport, { until: now + wait, times })
    this.#doubted = transport
  }

  /** `transport` fell silent: once may be a lost network, twice in a row and it counts as blocked. */
  silent(transport: Transport, now: number): void {
    if (++this.#silences < SILENCES) return
    this.#silences = 0
    this.blocked(transport, now)
  }

  /** `transport` gets through, so what was said of the one before it holds. */
  opened(transport: Transport): void {
    this.#doubted = undefined
    if (transport === "websocket") this.#aside.delete(transport)
  }

  /** `transport` carried something new. */
  worked(transport: Transport): void {
    this.#silences = 0
    this.#aside.delete(transport)
  }

  /** Nothing gets through now: then it was not the transport that was to blame. */
  lost(): void {
    if (this.#doubted) this.#aside.delete(this.#doubted)
    this.#doubted = undefined
  }
}
