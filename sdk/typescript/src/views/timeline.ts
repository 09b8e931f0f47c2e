import { seqOf } from "../ids.js"
import type { PuntiniEvent } from "../protocol.js"
import { activities } from "./activities.js"
import { Fold } from "./fold.js"
import { logged, retraction, type Logged, type Retraction } from "./retraction.js"
import type { SessionState } from "./shapes.js"

/** So many events are kept; when there are more, the oldest tenth is folded into the beginning. */
export const MOST_EVENTS = 200_000
/** So many folded states are kept, and so many nodes and edges in all of them; beyond that, every other is let go. */
export const MOST_MARKS = 128
export const MOST_MARKED = 1_000_000

/** The session folded up to and with the event `index`, which is `seq` in the log. */
interface Mark {
  readonly index: number
  readonly seq: number
  readonly fold: Fold
}

/**
 * A session's log to travel in: `at` tells what the session was after any of its events. A moment before something was
 * taken back shows what was seen then.
 */
export class Timeline {
  #events: Logged[] = []
  #retractions: Retraction[] = []
  #beginning: Mark = { index: -1, seq: 0, fold: new Fold({}, activities) }
  #marks: Mark[] = []
  /** A mark each so many events. */
  #step = 256
  /** Where it was last looked: who goes forward goes on from there. */
  #seen: Mark = this.#beginning

  /** The index of the first event that is kept. What came before is folded into the beginning. */
  get first(): number {
    return this.#beginning.index + 1
  }

  /** The index after the last event. */
  get length(): number {
    return this.first + this.#events.length
  }

  /** The event at an index, if it is kept. */
  event(index: number): PuntiniEvent | undefined {
    return this.#events[index - this.first]?.event
  }

  /** The index of the event with this id, or of the last before it. */
  indexOf(id: string): number {
    const seq = seqOf(id)
    return this.first + this.#events.findLastIndex((each) => each.seq <= seq)
  }

  /** Take in the events that follow, in order. Those that are not of the log, or known, are passed over. */
  add(events: Iterable<PuntiniEvent>): void {
    for (const event of events) {
      const said = logged(event)
      if (event.type === "session_ready") this.#begin(new Fold(event.data, activities))
      else if (said && said.seq > this.#seqAt(this.length - 1)) this.#append(said)
    }
  }

  /** The session as it was after the event at `index`; before the first or after the last, as it was there. */
  at(index: number): SessionState {
    const wanted = Math.max(this.first - 1, Math.min(index, this.length - 1))
    const from = this.#nearest(wanted)
    const isOwn = from === this.#seen && from !== this.#beginning
    this.#seen = this.#played(from, wanted, isOwn ? from.fold : from.fold.fork())
    return this.#seen.fold.state
  }

  /** A log that is not kept from its first event on begins with a snapshot. */
  #begin(fold: Fold): void {
    if (!this.#events.length) this.#seen = this.#beginning = { index: -1, seq: seqOf(fold.state.cursor), fold }
  }

  #append(said: Logged): void {
    this.#events.push(said)
    const back = retraction(said)
    if (back) this.#retractions.push(back)
    const last = this.length - 1
    if (last - (this.#marks.at(-1) ?? this.#beginning).index >= this.#step) this.#mark(last)
    if (this.#events.length > MOST_EVENTS) this.#forget(MOST_EVENTS / 10)
  }

  #mark(index: number): void {
    const from = this.#nearest(index)
    this.#marks.push(this.#played(from, index, from.fold.fork()))
    const marked = this.#marks.reduce((sum, { fold }) => sum + fold.size, 0)
    if (this.#marks.length > MOST_MARKS || (marked > MOST_MARKED && this.#marks.length > 1)) {
      this.#marks = this.#marks.filter((_, at) => at % 2)
      this.#step *= 2
    }
  }

  /** Fold so many events into the beginning, from now on without what was taken back later. */
  #forget(count: number): void {
    const index = this.#beginning.index + count
    const seq = this.#seqAt(index)
    const fold = this.#beginning.fold.fork()
    for (const said of this.#events.splice(0, count)) fold.take(said, this.#retractions)
    this.#seen = this.#beginning = { index, seq, fold }
    this.#marks = this.#marks.filter((mark) => mark.index > index)
    this.#retractions = this.#retractions.filter(({ at }) => at > seq)
  }

  /** The mark to start from: the last that holds nothing that is void after `index` and was not yet there. */
  #nearest(index: number): Mark {
    const known = this.#known(index)
    const isGood = (mark: Mark) =>
      mark.index <= index && !known.some(({ at, first }) => first <= mark.seq && mark.seq < at)
    const mark = this.#marks.findLast(isGood) ?? this.#beginning
    return this.#seen.index > mark.index && isGood(this.#seen) ? this.#seen : mark
  }

  #played(from: Mark, index: number, fold: Fold): Mark {
    const known = this.#known(index)
    const [after, end] = [from.index + 1 - this.first, index + 1 - this.first]
    for (const said of this.#events.slice(after, end)) fold.take(said, known)
    return { index, seq: this.#seqAt(index), fold }
  }

  /** What was taken back up to an event. */
  #known(index: number): Retraction[] {
    const seq = this.#seqAt(index)
    return this.#retractions.filter(({ at }) => at <= seq)
  }

  #seqAt(index: number): number {
    return this.#events[index - this.first]?.seq ?? this.#beginning.seq
  }
}
