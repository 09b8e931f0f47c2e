import { problem, type PuntiniError } from "../errors.js"
import type { PuntiniEvent } from "../protocol.js"
import { idOf, isEnd } from "../ids.js"
import { pause } from "../pause.js"
import { Backoff } from "./backoff.js"
import type { Choice } from "./choice.js"
import { Cursor } from "./cursor.js"
import { CUT, endingOf, LEFT, type Ending } from "./endings.js"
import type { Batch, Patience, Requests, Source, Transport } from "./source.js"

/** A connection that lasted so long was a good one. */
const LASTED_MS = 10_000

/** How the stream stands, for an indicator. */
export interface Connection {
  readonly status: "connecting" | "open" | "waiting" | "closed"
  readonly transport: Transport
  /** The id up to which everything was delivered. */
  readonly cursor: string
  /** Whether replay is over. */
  readonly live: boolean
  /** Failed tries since it was last open. */
  readonly attempts: number
  /** When the next try is due (milliseconds since 1970), while `waiting`. */
  readonly retryAt?: number | undefined
  /** Why the last connection ended, in one sentence. */
  readonly reason?: string | undefined
}

/** Follows a log over one connection after the other: every event once and in order, until nothing can follow. */
export class Following {
  readonly #sources: Record<Transport, Source>
  readonly #choice: Choice
  readonly #after: string
  readonly #refresh: Requests["refresh"]
  readonly #change: (change: Partial<Connection>) => void
  readonly #cursor = new Cursor()
  readonly #backoff: Backoff
  #connection = new AbortController()
  /** Ends the wait before the next connection. */
  #rest = new AbortController()
  #closed = false
  #openedAt = 0
  #refused = 0
  #renewing = false
  #renewedAt = 0
  #atLeast = 0
  #maybeOver = false
  #farewell: Ending | undefined

  constructor(
    sources: Record<Transport, Source>,
    choice: Choice,
    after: string,
    patience: Patience,
    refresh: Requests["refresh"],
    change: (change: Partial<Connection>) => void,
  ) {
    this.#sources = sources
    this.#choice = choice
    this.#after = after
    this.#backoff = new Backoff(patience.retry)
    this.#refresh = refresh
    this.#change = change
  }

  /** Leave the present connection, or stop waiting for one, and connect anew at the same cursor. */
  turn(): void {
    this.#connection.abort(LEFT)
    this.#rest.abort()
  }

  /** Leave for good. */
  close(): void {
    this.#closed = true
    this.turn()
  }

  /** What arrives together is handed on together, and nothing is read meanwhile. Throws `PuntiniError`. */
  async *batches(): AsyncGenerator<PuntiniEvent[]> {
    for (let goesOn = true; goesOn && !this.#closed;) {
      this.#connection = new AbortController()
      this.#rest = new AbortController()
      const transport = this.#choice.pick(Date.now())
      this.#change({ status: "connecting", transport, live: false, retryAt: undefined })
      const ending = yield* this.#carry(this.#sources[transport])
      goesOn = !this.#closed && (await this.#goOn(ending, transport))
    }
  }

  async *#carry(source: Source): AsyncGenerator<PuntiniEvent[], Ending> {
    this.#openedAt = 0
    this.#farewell = undefined
    const connection = this.#connection
    const batches = source.open(this.#cursor.at || this.#after, connection)
    try {
      for (;;) {
        const { done, value } = await batches.next()
        if (done) return value
        this.#opened(source.transport)
        const fresh = this.#sift(value, source.transport)
        if (fresh.length) yield fresh
        if (this.#farewell) return this.#farewell
        if (this.#choice.pick(Date.now()) !== source.transport) return LEFT
      }
    } catch (error) {
      if (connection.signal.aborted) return connection.signal.reason
      // Of a connection that broke `fetch` says as little as of one that never came about: a TypeError.
      return this.#openedAt && error instanceof TypeError ? CUT : endingOf(error)
    } finally {
      connection.abort(LEFT)
      await batches.return(LEFT)
    }
  }

  #opened(transport: Transport): void {
    if (this.#openedAt) return
    this.#openedAt = Date.now()
    this.#choice.opened(transport)
    this.#change({ status: "open", attempts: 0, reason: undefined })
  }

  /** What of a batch is new; and what it says about the connection is taken in. */
  #sift({ events, cursor, retry }: Batch, transport: Transport): PuntiniEvent[] {
    if (retry !== undefined) this.#backoff.base = retry
    const fresh = []
    for (const event of events) {
      if (this.#cursor.admits(event) && this.#passes(event, transport)) fresh.push(event)
    }
    if (cursor) this.#cursor.reach(cursor)
    return fresh
  }

  /** Heed what `event` says about the connection; false where it says nothing else. */
  #passes(event: PuntiniEvent, transport: Transport): boolean {
    if (idOf(event)) {
      this.#backoff.failures = 0
      this.#maybeOver = false
      this.#choice.worked(transport)
    }
    if (isEnd(event)) this.#maybeOver = true
    switch (event.type) {
      case "live":
        this.#change({ live: true })
        break
      case "session_closed":
        this.#farewell = { kind: "over" }
        this.#maybeOver = true
        break
      case "session_ready":
        this.#maybeOver = event.data.status === "closed"
        break
      case "reconnect":
        this.#atLeast = event.data.retry_ms
        break
      case "auth_expiring":
        void this.#renew()
        break
      case "error":
        if (event.id || event.error.code !== 401) break
        this.#farewell = { kind: "unauthorized", error: problem(401, event.error.reason, event.error.message) }
        return false
    }
    return true
  }

  /** Get a new credential ahead of time, and go on with it. If that fails there is time until the old one ends. */
  async #renew(): Promise<void> {
    // A credential that lives no longer than its warning is replaced when it has ended.
    if (this.#renewing || !this.#refresh || Date.now() - this.#renewedAt < LASTED_MS) return
    this.#renewing = true
    this.#renewedAt = Date.now()
    const connection = this.#connection
    const renewed = await this.#refresh().catch(() => false)
    this.#renewing = false
    if (renewed) connection.abort(LEFT)
  }

  /** Do what has to be done before the next connection; false where there is none to be. Throws `PuntiniError`. */
  async #goOn(ending: Ending, transport: Transport): Promise<boolean> {
    if (this.#openedAt && Date.now() - this.#openedAt > LASTED_MS) this.#refused = this.#backoff.failures = 0
    switch (ending.kind) {
      case "over":
        // A WebSocket's plain good-bye may come from something on the way: who was not told of an end asks another way.
        if (transport !== "websocket" || this.#maybeOver) return false
        this.#choice.blocked(transport, Date.now())
        return true
      case "failed":
        throw ending.error
      case "left":
        return true
      case "unauthorized":
        await this.#readmit(ending.error)
        return true
      case "blocked":
        this.#choice.blocked(transport, Date.now())
        if (this.#choice.pick(Date.now()) !== transport) return true
        break
      case "silent":
        this.#choice.silent(transport, Date.now())
        break
      case "lost":
        if (!this.#openedAt) this.#choice.lost()
    }
    await this.#wait(ending.reason, "atLeast" in ending ? ending.atLeast : 0)
    return true
  }

  /** Get a new credential, once. Throws `error` where there is none, or it is refused as well. */
  async #readmit(error: PuntiniError): Promise<void> {
    if (this.#refused++) throw error
    try {
      if ((await this.#refresh?.()) === false) throw error
    } catch (failure) {
      const ending = endingOf(failure)
      if (ending.kind !== "lost") throw error
      this.#refused = 0
      await this.#wait(ending.reason, ending.atLeast)
    }
  }

  async #wait(reason: string, askedFor = 0): Promise<void> {
    const atLeast = Math.max(askedFor, this.#atLeast)
    // After a task's end, or the snapshot of a closed session, one more question tells whether anything can follow.
    const atOnce = this.#maybeOver && !atLeast && !this.#backoff.failures
    const delay = this.#backoff.next(atLeast) * Number(!atOnce)
    this.#atLeast = 0
    this.#maybeOver = false
    this.#change({
      status: "waiting",
      attempts: this.#backoff.failures,
      live: false,
      reason,
      retryAt: Date.now() + delay,
    })
    await pause(delay, this.#rest.signal, !atLeast).catch(() => {})
  }
}
