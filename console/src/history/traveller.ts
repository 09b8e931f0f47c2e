import { effect, signal, untracked, type ReadonlySignal } from "@preact/signals"
import type { SessionState } from "@puntini/client"
import { Timeline } from "@puntini/client/timeline"
import type { Logged } from "./ids"
import { stopFrom, type Stop } from "./landmarks"
import type { EventLog } from "./log"
import { PACES, played } from "./pace"
import { snapshotOf } from "./snapshot"

/** Where one is in time: shows the session as it was after an event, and plays on from there. */
export class Traveller {
  /** The index of the event after which the session is shown; null is now. */
  readonly index: ReadonlySignal<number | null>
  readonly playing: ReadonlySignal<boolean>
  /** How fast it plays. */
  readonly pace = signal(PACES[0])
  /** Whether one was sent to an event that the log does not have. */
  readonly lost = signal(false)
  readonly #log: EventLog
  readonly #show: (past: { state: SessionState; at: string } | null) => void
  readonly #index = signal<number | null>(null)
  readonly #playing = signal(false)
  readonly #stop: () => void
  #timeline = new Timeline()
  /** The index that the timeline's first event has in the log. */
  #from = 0
  #frame = 0
  #ticking = 0
  #folding: ReturnType<typeof setTimeout> | undefined

  constructor(log: EventLog, show: (past: { state: SessionState; at: string } | null) => void) {
    this.#log = log
    this.#show = show
    this.index = this.#index
    this.playing = this.#playing
    log.kept.onForget = (until) => this.#fill(until - 1)
    this.#stop = effect(() => {
      log.growth.value
      untracked(() => this.#keepUp())
    })
  }

  /** The event at which one is; undefined now. */
  get event(): Logged | undefined {
    return this.#index.value === null ? undefined : this.#log.kept.at(this.#index.value)
  }

  /** Go to an event by its index; behind the last is now. What it was like is shown with the next frame. */
  go(index: number): void {
    const { kept } = this.#log
    if (index >= kept.end) return this.now()
    this.#index.value = Math.max(index, kept.begin)
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.#shown())
  }

  /** Go to the event with this id, or to the last before it. */
  goTo(id: string): void {
    const index = this.#log.kept.find(id)
    this.lost.value = index < 0
    if (index >= 0) this.go(index)
  }

  now(): void {
    this.pause()
    cancelAnimationFrame(this.#frame)
    this.#frame = 0
    this.#index.value = null
    this.#show(null)
  }

  /** Go so many events on, or back. */
  step(by: number): void {
    this.go((this.#index.value ?? this.#log.kept.end) + by)
  }

  /** Go to the next event of a kind in a direction: behind the last is now, and before the first the beginning. */
  jump(stop: Stop, by: 1 | -1): void {
    const { kept } = this.#log
    const found = stopFrom(kept, this.#index.value ?? kept.end, stop, by)
    this.go(found >= 0 ? found : by > 0 ? kept.end : kept.begin)
  }

  /** Play on from here, or from the beginning where one is in the present. */
  play(): void {
    if (this.#playing.value) return
    if (this.#index.value === null) this.go(this.#log.kept.begin)
    this.#playing.value = true
    let last = performance.now()
    let left = 0
    const tick = (time: number) => {
      const at = this.#index.value
      if (at === null) return
      const next = played(this.#log.kept, at, left + Math.max(0, time - last), this.pace.value)
      last = time
      left = next.time
      if (next.index !== at) this.go(next.index)
      if (this.#playing.value) this.#ticking = requestAnimationFrame(tick)
    }
    this.#ticking = requestAnimationFrame(tick)
  }

  pause(): void {
    cancelAnimationFrame(this.#ticking)
    this.#playing.value = false
  }

  close(): void {
    this.#stop()
    this.pause()
    cancelAnimationFrame(this.#frame)
    clearTimeout(this.#folding)
  }

  #shown(): void {
    this.#frame = 0
    const { event } = this
    if (!event || this.#index.value === null) return this.now()
    this.#fill(this.#index.value)
    this.#show({ state: this.#timeline.at(this.#index.value - this.#from), at: event.id })
  }

  /** Fold what is new in idle moments, so that moving is quick wherever one goes. */
  #keepUp(): void {
    const { kept } = this.#log
    const at = this.#index.peek()
    if (at !== null && at < kept.begin) this.go(kept.begin)
    if (this.#folding === undefined && this.#from + this.#timeline.length < kept.end)
      this.#folding = setTimeout(() => this.#foldSome())
  }

  #foldSome(): void {
    this.#folding = undefined
    const until = performance.now() + SLICE
    const { kept } = this.#log
    do this.#fill(Math.min(this.#from + this.#timeline.length + 200, kept.end - 1))
    while (performance.now() < until && this.#from + this.#timeline.length < kept.end)
    this.#keepUp()
  }

  /** Have the timeline know all up to an index. */
  #fill(index: number): void {
    const { kept } = this.#log
    const gone = kept.begin - this.#from - this.#timeline.first
    if (this.#from < kept.joined || gone > (kept.end - kept.begin) / 4) this.#letGo()
    const next = this.#from + this.#timeline.length
    this.#timeline.add(kept.slice(next, index + 1))
  }

  /** Begin the timeline where the log now begins. */
  #letGo(): void {
    const { kept } = this.#log
    const before = kept.begin - 1 - this.#from
    const base = this.#from >= kept.joined && before < this.#timeline.length ? this.#timeline.at(before) : undefined
    this.#timeline = new Timeline()
    this.#from = kept.begin
    if (base) this.#timeline.add([snapshotOf(base)])
  }
}

/** Milliseconds of work at once when nobody waits for it. */
const SLICE = 6
