import type { PuntiniError } from "../errors.js"
import type { AcceptedData, Command, PuntiniEvent } from "../protocol.js"
import { Choice } from "./choice.js"
import { positionOf } from "./cursor.js"
import { endingOf } from "./endings.js"
import { sseSource } from "./fetching.js"
import { Following, type Connection } from "./following.js"
import { pollSource } from "./polling.js"
import type { CommandSource, Patience, Requests, Share, Sockets, Transport } from "./source.js"

export type { Connection, Patience, Requests, Share, Sockets, Transport }
export type EventType = PuntiniEvent["type"]
export type EventOf<T extends EventType> = Extract<PuntiniEvent, { type: T }>

export interface StreamOptions {
  /** Go on after this event; `"earliest"` from the beginning, `"now"` without a snapshot. Left out: a snapshot first. */
  after?: string
  /** Only these types, beside control events and the ends of tasks. */
  events?: readonly EventType[]
  /** `debug` events from this level on. */
  level?: "debug" | "info" | "warning" | "error"
  maxRate?: number
  /**
   * How to carry it. `"auto"` is SSE, and long-poll where something on the way blocks or buffers streams;
   * `"websocket"` is that with `upgrade()` called, which the client needs `websocket` for. `"poll"` never streams.
   */
  transport?: Transport | "auto"
  /** How long to wait before a stream counts as held back (5 s) or dead (45 s, three of the server's signs of life), and between tries (30 s). */
  patience?: Partial<Patience>
  /** Share one connection by SSE: `tabs` of `@puntini/client/tabs`, with the other tabs of this browser. */
  shared?: Share
  signal?: AbortSignal
}

const PATIENCE: Patience = { opening: 5_000, silence: 45_000, retry: 30_000 }

/**
 * A session's or a task's events: every one once and in order, over whatever breaks. Control events come too.
 *
 * Listen with `on`, as many handlers as you like, or iterate it, once; it connects at the first of these (a handler of
 * `"connection"` only looks on). A handler is called as soon as an event is there. An iteration sets the pace: no more is read from the network than it takes, and
 * handlers hear each event when the iteration gets it. Leaving the loop closes the stream.
 *
 * It ends when nothing can follow: the session is closed, or the task whose stream it is has ended. What can't be
 * mended (there is no such session, you may not see it) is a `PuntiniError` out of the iteration; handlers of `"error"`
 * are told it as an `error` event.
 */
export class EventStream implements AsyncIterable<PuntiniEvent> {
  readonly #listeners = new Map<string, Set<(value: never) => void>>()
  readonly #choice: Choice
  readonly #socket: CommandSource | undefined
  readonly #following: Following
  readonly #batches: AsyncGenerator<PuntiniEvent[]>
  readonly #letGo: () => void
  #next: Promise<IteratorResult<PuntiniEvent[]>> | undefined
  #pumped = false
  #iterated = false
  #cursor = ""
  #connection: Connection

  constructor(requests: Requests, path: string, options: StreamOptions = {}) {
    const { after = "", events, level, maxRate, transport = "auto", patience, shared, signal } = options
    const query = { events: events?.join(","), level, max_rate: maxRate }
    const asked = { path, query, patience: { ...PATIENCE, ...patience } }
    this.#socket = requests.websocket?.(requests, asked)
    this.#choice = new Choice(this.#found(transport === "auto" ? "sse" : transport))
    this.#connection = { status: "connecting", transport: this.#choice.wish, cursor: "", live: false, attempts: 0 }
    const sse = sseSource(requests, asked)
    this.#following = new Following(
      {
        // Where there is no socket none can be wished for.
        websocket: this.#socket ?? sse,
        sse: shared?.(sse, `puntini ${requests.url(path, query)}`) ?? sse,
        poll: pollSource(requests, asked),
      },
      this.#choice,
      after,
      asked.patience,
      requests.refresh?.bind(requests),
      (change) => this.#change(change),
    )
    this.#batches = this.#following.batches()
    const close = () => this.close()
    signal?.addEventListener("abort", close)
    this.#letGo = () => signal?.removeEventListener("abort", close)
    if (signal?.aborted) this.close()
  }

  get connection(): Connection {
    if (this.#connection.cursor !== this.#cursor) this.#connection = { ...this.#connection, cursor: this.#cursor }
    return this.#connection
  }

  /** Call `handler` with each event of a type, or with all (`"event"`), or when the connection changes. Returns how to stop. */
  on<T extends EventType>(type: T, handler: (event: EventOf<T>) => void): () => void
  on(type: "event", handler: (event: PuntiniEvent) => void): () => void
  on(type: "connection", handler: (connection: Connection) => void): () => void
  on(type: string, handler: (value: never) => void): () => void {
    const handlers = this.#listeners.get(type) ?? new Set()
    this.#listeners.set(type, handlers.add(handler))
    if (type !== "connection") void this.#pump()
    return () => handlers.delete(handler)
  }

  [Symbol.asyncIterator](): AsyncIterator<PuntiniEvent> {
    if (this.#iterated) throw new Error("A stream can be iterated once: open another, or listen with `on`.")
    this.#iterated = true
    const events = this.#events()
    return {
      next: () => events.next(),
      return: () => {
        // First, so that a `next` that still waits comes to its end.
        this.close()
        return events.return(undefined)
      },
    }
  }

  /**
   * Go on over a WebSocket, from the same cursor; where none gets through, as before. Takes effect between two events.
   * Throws where the client was made without `websocket`.
   */
  upgrade(): void {
    this.#wish("websocket")
  }

  /** Go on over SSE, from the same cursor. */
  downgrade(): void {
    this.#wish("sse")
  }

  /**
   * Send a command through the WebSocket; undefined while there is none, and then it goes by HTTP. Rejects with a
   * `PuntiniError`: the command was refused, or (`cut_off`) it may not have arrived, and can be sent again by its id.
   */
  send(command: Command & { command_id: string }): Promise<AcceptedData> | undefined {
    return this.#socket?.send(command)
  }

  /** Hang up, for good. What was begun on the server goes on. */
  close(): void {
    if (this.#isClosed) return
    this.#letGo()
    this.#following.close()
    void this.#batches.return(undefined)
    this.#change({ status: "closed", live: false, retryAt: undefined })
  }

  get #isClosed(): boolean {
    return this.#connection.status === "closed"
  }

  #wish(transport: Transport): void {
    if (this.#choice.wish === transport) return
    this.#choice.wish = this.#found(transport)
    this.#following.turn()
  }

  #found(transport: Transport): Transport {
    if (transport !== "websocket" || this.#socket) return transport
    throw new Error("Make the client with `websocket` of `@puntini/client/websocket` to use WebSockets.")
  }

  /** Reads for the handlers, until an iteration takes over: that begins with what was being waited for. */
  async #pump(): Promise<void> {
    if (this.#pumped || this.#iterated) return
    this.#pumped = true
    // Handlers that are added together hear everything.
    await undefined
    while (!this.#iterated) {
      const batch = await this.#take().catch(() => undefined)
      if (this.#iterated) return
      this.#next = undefined
      if (!batch || batch.done) return
      for (const event of batch.value) if (!this.#isClosed) this.#deliver(event)
    }
  }

  async *#events(): AsyncGenerator<PuntiniEvent> {
    for (;;) {
      const batch = await this.#take()
      this.#next = undefined
      if (batch.done) return
      for (const event of batch.value) {
        if (this.#isClosed) return
        this.#deliver(event)
        yield event
      }
    }
  }

  /** The next batch; asked again before `#next` is reset, the same one. After the last, and on a failure, it is closed. */
  #take(): Promise<IteratorResult<PuntiniEvent[]>> {
    this.#next ??= this.#batches.next().then(
      (batch) => {
        if (batch.done) this.close()
        return batch
      },
      (error: unknown) => {
        this.#fail(error)
        throw error
      },
    )
    return this.#next
  }

  #fail(error: unknown): void {
    const ending = endingOf(error)
    if ("error" in ending) this.#tell("error", asEvent(ending.error))
    this.#change({ reason: error instanceof Error ? error.message : String(error) })
    this.close()
  }

  #deliver(event: PuntiniEvent): void {
    this.#cursor = positionOf(event) || this.#cursor
    this.#tell("event", event)
    this.#tell(event.type, event)
  }

  #tell(type: string, value: unknown): void {
    for (const handler of this.#listeners.get(type) ?? []) {
      try {
        ;(handler as (value: unknown) => void)(value)
      } catch (error) {
        // A handler's mistake is its own, as with DOM events: the stream goes on.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }

  #change(change: Partial<Connection>): void {
    this.#connection = { ...this.connection, ...change }
    this.#tell("connection", this.#connection)
  }
}

function asEvent({ status, code, message, retryable }: PuntiniError): EventOf<"error"> {
  return { type: "error", data: {}, error: { code: status, reason: code, message, retryable } }
}
