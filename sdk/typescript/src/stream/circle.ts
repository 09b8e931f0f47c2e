import type { PuntiniEvent } from "../protocol.js"
import { Cursor } from "./cursor.js"
import { isEvent, type Batch } from "./source.js"

/** Of what the leader says, so many events may wait for a tab; what is over the bound it gets by a connection of its own. */
const MOST_WAITING = 10_000

/** What tabs need of the browser; `browserTabs()` finds it. */
export interface Tabs {
  readonly locks: Pick<LockManager, "request">
  channel(name: string): BroadcastChannel
}

/** The browser's own; undefined where it has no such thing. */
export function browserTabs(): Tabs | undefined {
  const locks = globalThis.navigator?.locks
  if (!locks || typeof BroadcastChannel === "undefined") return undefined
  return { locks, channel: (name) => new BroadcastChannel(name) }
}

/** What tabs say to one another. */
type Message =
  /** By who wants to listen: is there a leader, and where is it? */
  | { readonly kind: "ask" }
  /** By the leader: what came behind `after`, up to `cursor`; without events, where it is. */
  | ({ readonly kind: "came"; readonly after: string } & Heard)
  /** By the leader: it had to begin anew, and so has everybody. */
  | { readonly kind: "anew" }

interface Heard {
  readonly cursor: string
  readonly events: readonly PuntiniEvent[]
}

/**
 * The tabs that follow one stream. The one that holds the lock leads: it has the connection and tells the others what
 * comes; when it goes, the browser gives the lock to another. Nobody speaks before somebody asked.
 */
export class Circle {
  /** How far this tab has got. */
  readonly cursor: Cursor
  leads = false
  /** Whether it is being read: else who leads says nothing, so that the others need not wait with it. */
  reads = true
  readonly #channel: BroadcastChannel
  readonly #leaving = new AbortController()
  #asked = false
  #live = false
  #broken = false
  #waiting: Extract<Message, { kind: "came" }>[] = []
  #size = 0
  #release: (() => void) | undefined
  #ring: (() => void) | undefined

  constructor(tabs: Tabs, name: string, after: string, signal: AbortSignal) {
    this.cursor = new Cursor(after)
    this.#channel = tabs.channel(name)
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => isMessage(data) && this.#hear(data)
    signal.addEventListener("abort", () => this.leave(), { once: true })
    const held = () =>
      new Promise<void>((resolve) => {
        this.leads = true
        this.#release = resolve
        this.#ring?.()
        if (this.#leaving.signal.aborted) resolve()
      })
    // Rejected when the wait for it is given up.
    tabs.locks.request(name, { signal: this.#leaving.signal }, held).catch(() => undefined)
    if (signal.aborted) this.leave()
  }

  /** Whether the leader's word can be gone on with from here: there is no hole between, and the replay is over. */
  get covered(): boolean {
    if (this.leads || !this.#live) return false
    while (this.#waiting.length > 1 && this.#has(this.#waiting[0]?.cursor)) this.#shift()
    return this.#has(this.#waiting[0]?.after)
  }

  /** The next of what the leader said; undefined while there is nothing, null when there is a hole before it. */
  take(): Batch | undefined | null {
    if (this.#broken) return null
    const said = this.#shift()
    if (!said) return undefined
    if (!this.#has(said.after)) return null
    this.cursor.reach(said.cursor)
    return said
  }

  /** Take in what came by the tab's own connection; who leads tells the others. */
  came(batch: Batch): void {
    const after = this.cursor.at
    for (const event of batch.events) this.cursor.admits(event)
    if (batch.cursor) this.cursor.reach(batch.cursor)
    const live = batch.events.some((event) => event.type === "live")
    if (this.leads) this.#tell(batch, after)
    else if (live) this.ask()
    this.#live ||= live
  }

  /** Ask for a leader. */
  ask(): void {
    this.#say({ kind: "ask" })
  }

  /** True as soon as there is something new, false after `ms` without. */
  news(ms: number): Promise<boolean> {
    this.#ring?.()
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), ms)
      this.#ring = () => {
        clearTimeout(timer)
        resolve(true)
      }
    })
  }

  /** Let go of all. */
  leave(): void {
    this.#leaving.abort()
    this.#ring?.()
    this.#channel.close()
    this.#release?.()
  }

  #hear(message: Message): void {
    if (message.kind === "ask") {
      this.#asked = true
      if (this.leads && this.reads && this.cursor.at) this.#say(this.#here())
      return
    }
    if (this.leads) return
    if (message.kind === "anew") this.#broken = true
    else this.#keep(message)
    this.#ring?.()
  }

  #keep(message: Extract<Message, { kind: "came" }>): void {
    this.#size += message.events.length
    this.#waiting.push(message)
    // What is dropped leaves a hole, and a hole is noticed.
    while (this.#size > MOST_WAITING) this.#shift()
  }

  #shift(): Extract<Message, { kind: "came" }> | undefined {
    const first = this.#waiting.shift()
    this.#size -= first?.events.length ?? 0
    return first
  }

  #tell({ events }: Batch, after: string): void {
    if (!this.#asked || this.cursor.at === after) return
    const anew = events.some((event) => event.type === "session_ready" || event.type === "gap")
    if (anew) return this.#say({ kind: "anew" })
    if (after) this.#say({ ...this.#here(), after, events: events.filter((event) => "id" in event && event.id) })
  }

  #here(): Extract<Message, { kind: "came" }> {
    return { kind: "came", after: this.cursor.at, cursor: this.cursor.at, events: [] }
  }

  #say(message: Message): void {
    if (!this.#leaving.signal.aborted) this.#channel.postMessage(message)
  }

  /** Whether everything up to `id` was read. */
  #has(id: string | undefined): boolean {
    return id !== undefined && !new Cursor(this.cursor.at).reach(id)
  }
}

/** Another tab may have another version of this, and anything of the same origin may speak on the channel. */
function isMessage(said: unknown): said is Message {
  const { kind, after, cursor, events }: Record<string, unknown> = Object(said)
  if (kind !== "came") return kind === "ask" || kind === "anew"
  return typeof after === "string" && typeof cursor === "string" && Array.isArray(events) && events.every(isEvent)
}
