import { signal, type ReadonlySignal } from "@preact/signals"
import type { Connection, EventPage, PuntiniEvent } from "@puntini/client"
import { sentence } from "../parts/problem"
import { isLogged, seqOf, type Logged } from "./ids"
import { KeptEvents } from "./kept"

/** Where a log comes from: pages of what was, and how far the live stream has come. */
export interface LogSource {
  page(after: string, signal: AbortSignal): PromiseLike<EventPage>
  cursor(): string
}

/** How much of the log is here. `done` goes from 0 to 1. */
export type Reading =
  | { readonly status: "unread" | "complete" | "stopped" }
  | { readonly status: "reading"; readonly done: number }
  | { readonly status: "failed"; readonly message: string }

/** What is no part of the log: an event of a connection's own, or how the connection now stands. */
export type Word = PuntiniEvent | { readonly type: "connection"; readonly data: Connection }

/** What a connection said of itself, after the event numbered `seq`. */
export interface Heard {
  /** Counts what was heard. */
  readonly number: number
  readonly event: Word
  readonly seq: number
  /** Milliseconds since 1970, by this machine's clock. */
  readonly at: number
}

/** How many live events wait for the pages before them; beyond that they are read as pages, too. */
const MOST_WAITING = 10_000
const MOST_HEARD = 200
/** Milliseconds between two words about growth. */
const EVERY = 50

/** A session's log in the browser: read when it is first needed, then kept up to date, every event once and in order. */
export class EventLog {
  readonly kept: KeptEvents
  readonly reading: ReadonlySignal<Reading>
  /** Counts up whenever `kept` or `heard` has changed, at most twenty times a second. */
  readonly growth: ReadonlySignal<number>
  readonly heard: Heard[] = []
  readonly #source: LogSource
  readonly #reading = signal<Reading>({ status: "unread" })
  readonly #growth = signal(0)
  #waiting: Logged[] = []
  #connection: Connection | undefined
  #words = 0
  #missed = false
  #following = false
  #aborter = new AbortController()
  #run: Promise<void> | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(source: LogSource, kept = new KeptEvents()) {
    this.#source = source
    this.kept = kept
    this.reading = this.#reading
    this.growth = this.#growth
  }

  /** Read what is there, unless that is done; go on where it was stopped. Failing is told by `reading`. */
  load(): Promise<void> {
    if (this.#following) return Promise.resolve()
    return (this.#run ??= this.#read())
  }

  /** Stop reading. What was read stays. */
  cancel(): void {
    this.#aborter.abort()
  }

  /** Take an event from the live stream. */
  take(event: PuntiniEvent): void {
    if (!isLogged(event)) return this.#hear(event)
    if (this.#run) this.#wait(event)
    else if (this.#following) this.kept.add(event)
    else return
    this.#tell()
  }

  /** Take in how the connection stands, where that is news. */
  connected(data: Connection): void {
    const { status, transport } = this.#connection ?? {}
    if (data.status === status && data.transport === transport) return
    this.#connection = data
    this.#hear({ type: "connection", data })
  }

  close(): void {
    this.cancel()
    clearTimeout(this.#timer)
  }

  async #read(): Promise<void> {
    this.#aborter = new AbortController()
    const { signal } = this.#aborter
    this.#progress()
    try {
      do {
        this.#missed = false
        await this.#pages(signal)
      } while (this.#missed)
      for (const event of this.#waiting) this.kept.add(event)
      this.#following = true
      this.#reading.value = { status: "complete" }
    } catch (error) {
      this.#reading.value = signal.aborted ? { status: "stopped" } : { status: "failed", message: sentence(error) }
    }
    // At once, not a moment later: what comes in between would wait for nobody.
    this.#run = undefined
    this.#waiting = []
    this.#tell()
  }

  async #pages(signal: AbortSignal): Promise<void> {
    for (let after = this.kept.last?.id ?? "earliest", live = false; !live;) {
      const page = await this.#source.page(after, signal)
      signal.throwIfAborted()
      const gap = page.events.some((each) => each.type === "gap")
      // What the gap cuts off can't be joined with what comes now.
      if (gap) this.kept.clear()
      else for (const event of page.events) if (isLogged(event)) this.kept.add(event)
      after = gap ? "earliest" : page.next
      live = page.live && !gap
      this.#progress()
      this.#tell()
    }
  }

  #wait(event: Logged): void {
    if (this.#waiting.length === MOST_WAITING) {
      this.#waiting = []
      this.#missed = true
    }
    this.#waiting.push(event)
  }

  #hear(event: Word): void {
    const at = event.type === "session_ready" || event.type === "live" ? event.data.cursor : this.#source.cursor()
    this.heard.push({ number: this.#words++, event, seq: seqOf(at), at: Date.now() })
    if (this.heard.length > MOST_HEARD) this.heard.shift()
    this.#tell()
    // A snapshot stands for events that the stream did not bring: they are read.
    if (event.type !== "session_ready" || at === this.kept.last?.id) return
    if (this.#run) this.#missed = true
    else if (this.#following) {
      this.#following = false
      void this.load()
    }
  }

  /** Say how far reading has come; catching up later is too short to be told. */
  #progress(): void {
    if (this.#reading.value.status === "complete") return
    const to = seqOf(this.#source.cursor())
    const done = to ? Math.min(1, seqOf(this.kept.last?.id ?? "") / to) : 0
    this.#reading.value = { status: "reading", done }
  }

  #tell(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#growth.value++
    }, EVERY)
  }
}
