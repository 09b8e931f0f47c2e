import { effect, signal, untracked, type ReadonlySignal } from "@preact/signals"
import { admits, type Filter } from "./filter"
import { seqOf, type Logged } from "./ids"
import type { EventLog, Heard } from "./log"

/** A line of the inspector: an event of the log, or what the connection said. */
export type Row = Logged | Heard

export function isHeard(row: Row): row is Heard {
  return !("id" in row)
}

function placeOf(row: Row): number {
  return isHeard(row) ? row.seq : seqOf(row.id)
}

/** Milliseconds of search at once, so that typing and scrolling go on. */
const SLICE = 8
const BATCH = 256

/** The rows that pass a filter, in order; found bit by bit, and added to as the log grows. */
export class Matches {
  /** The rows by now. The same array grows: `found` says when it did. */
  readonly rows: Row[] = []
  /** Counts up whenever `rows` has changed. */
  readonly found: ReadonlySignal<number>
  readonly searching: ReadonlySignal<boolean>
  readonly #log: EventLog
  readonly #filter: Filter
  readonly #found = signal(0)
  readonly #searching = signal(false)
  readonly #stop: () => void
  #next = 0
  #lastHeard: Heard | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(log: EventLog, filter: Filter) {
    this.#log = log
    this.#filter = filter
    this.found = this.#found
    this.searching = this.#searching
    this.#stop = effect(() => {
      log.growth.value
      untracked(() => this.#search())
    })
  }

  /** Where the event with this id is, or the last row before it; -1 where there is none. */
  indexOf(id: string): number {
    const seq = seqOf(id)
    let low = 0
    let high = this.rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      const row = this.rows[middle]
      if (row && placeOf(row) <= seq) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  close(): void {
    this.#stop()
    clearTimeout(this.#timer)
  }

  #search(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { kept } = this.#log
    const before = this.rows.length
    const gone = this.#forget()
    const heard = this.#unseen()
    const until = performance.now() + SLICE
    this.#next = Math.max(this.#next, kept.begin)
    while (this.#next < kept.end && performance.now() < until) {
      for (const end = Math.min(kept.end, this.#next + BATCH); this.#next < end; this.#next++) {
        const event = kept.at(this.#next)
        if (!event) continue
        this.#take(heard, seqOf(event.id))
        if (admits(this.#filter, event)) this.rows.push(event)
      }
    }
    const done = this.#next >= kept.end
    if (done) this.#take(heard, Infinity)
    else this.#timer = setTimeout(() => this.#search())
    this.#searching.value = !done
    if (gone || this.rows.length !== before) this.#found.value++
  }

  /** What the connection said before the event numbered `seq`. */
  #take(heard: Heard[], seq: number): void {
    for (let first = heard[0]; first && first.seq < seq; first = heard[0]) {
      this.rows.push(first)
      this.#lastHeard = heard.shift()
    }
  }

  #unseen(): Heard[] {
    if (!this.#filter.connection) return []
    const { heard } = this.#log
    return heard.slice(this.#lastHeard ? heard.indexOf(this.#lastHeard) + 1 : 0)
  }

  /** Forget rows that the log keeps no longer. */
  #forget(): boolean {
    const first = this.#log.kept.at(this.#log.kept.begin)
    if (!first) return this.rows.splice(0).length > 0
    const begins = this.rows.findIndex((row) => placeOf(row) >= seqOf(first.id) - 1)
    return this.rows.splice(0, begins === -1 ? 0 : begins).length > 0
  }
}
