import type { Http } from "../http.js"
import type { PuntiniEvent } from "../protocol.js"

export type EventType = PuntiniEvent["type"]
export type EventOf<T extends EventType> = Extract<PuntiniEvent, { type: T }>
export type Transport = "sse" | "websocket" | "poll"

export interface StreamOptions {
  /** Go on after this event; `"earliest"` from the beginning, `"now"` without a snapshot. Left out: a snapshot first. */
  after?: string
  /** Only these types, beside control events and the ends of tasks. */
  events?: readonly EventType[]
  /** `debug` events from this level on. */
  level?: "debug" | "info" | "warning" | "error"
  maxRate?: number
  /** How to carry it. `"auto"` is SSE, and long-poll where something on the way blocks or buffers streams. */
  transport?: Transport | "auto"
  signal?: AbortSignal
}

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
  readonly retryAt?: number
  /** Why the last connection ended, in one sentence. */
  readonly reason?: string
}

/**
 * A session's or a task's events: every one once and in order, over whatever breaks.
 *
 * Either iterate it, or listen with `on`; it connects at the first of these. Control events come too.
 */
export class EventStream implements AsyncIterable<PuntiniEvent> {
  readonly #http: Http
  readonly #path: string
  readonly #options: StreamOptions
  readonly #aborter = new AbortController()
  readonly #listeners = new Map<string, Set<(event: never) => void>>()
  #started = false
  #connection: Connection = { status: "connecting", transport: "sse", cursor: "", live: false, attempts: 0 }

  constructor(http: Http, path: string, options: StreamOptions = {}) {
    this.#http = http
    this.#path = path
    this.#options = options
    options.signal?.addEventListener("abort", () => this.close(), { signal: this.#aborter.signal })
  }

  get connection(): Connection {
    return this.#connection
  }

  /** Call `handler` with each event of a type, or with all (`"event"`), or when the connection changes. Returns how to stop. */
  on<T extends EventType>(type: T, handler: (event: EventOf<T>) => void): () => void
  on(type: "event", handler: (event: PuntiniEvent) => void): () => void
  on(type: "connection", handler: (connection: Connection) => void): () => void
  on(type: string, handler: (value: never) => void): () => void {
    const handlers = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, handlers.add(handler))
    if (!this.#started) {
      this.#started = true
      void (async () => {
        for await (const _ of this.#run());
      })()
    }
    return () => handlers.delete(handler)
  }

  async *[Symbol.asyncIterator](): AsyncIterator<PuntiniEvent> {
    this.#started = true
    yield* this.#run()
  }

  /** Hang up, for good. What was begun on the server goes on. */
  close(): void {
    this.#aborter.abort()
    this.#change({ status: "closed" })
  }

  async *#run(): AsyncGenerator<PuntiniEvent> {
    // Thin for now: SSE without a fall-back.
    while (!this.#aborter.signal.aborted) {
      try {
        const headers: Record<string, string> = { accept: "application/x-ndjson" }
        const query = { after: this.#connection.cursor || this.#options.after, events: this.#options.events?.join(",") }
        const answer = await this.#http.send(this.#path, { headers, query, signal: this.#aborter.signal })
        this.#change({ status: "open", attempts: 0 })
        if (answer.status === 204 || !answer.body) break
        let rest = ""
        for await (const chunk of answer.body.pipeThrough(
          new TextDecoderStream() as never,
        ) as unknown as AsyncIterable<string>) {
          const lines = (rest + chunk).split("\n")
          rest = lines.pop() ?? ""
          for (const line of lines) {
            if (!line) continue
            const event = JSON.parse(line) as PuntiniEvent
            if ("id" in event && event.id) this.#connection = { ...this.#connection, cursor: event.id }
            if (event.type === "session_ready") this.#connection = { ...this.#connection, cursor: event.data.cursor }
            if (event.type === "live") this.#change({ live: true })
            this.#tell("event", event)
            this.#tell(event.type, event)
            yield event
            if (event.type === "session_closed") return this.#change({ status: "closed" })
          }
        }
      } catch (error) {
        if (this.#aborter.signal.aborted) break
        this.#change({
          status: "waiting",
          attempts: this.#connection.attempts + 1,
          reason: String(error),
          retryAt: Date.now() + 1000,
        })
      }
      this.#change({ live: false, status: "waiting" })
      await new Promise((resolve) => setTimeout(resolve, 1000))
    }
    this.#change({ status: "closed" })
  }

  #tell(type: string, value: unknown): void {
    for (const handler of this.#listeners.get(type) ?? []) (handler as (value: unknown) => void)(value)
  }

  #change(change: Partial<Connection>): void {
    this.#connection = { ...this.#connection, ...change }
    this.#tell("connection", this.#connection)
  }
}
