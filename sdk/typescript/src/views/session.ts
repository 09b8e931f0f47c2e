import { epochOf, seqOf } from "../ids.js"
import type { PuntiniEvent } from "../protocol.js"
import type { Remember } from "./activity.js"
import { Fold } from "./fold.js"
import { logged, retraction, type Logged, type Retraction } from "./retraction.js"
import type { SessionState } from "./shapes.js"

/** So many events can be folded again when some of them are taken back. */
export const MOST_UNDONE = 20_000

export interface ViewOptions {
  /** Keep what agents do in `state.activities`: `activities` of `@puntini/client/activities`. */
  activities?: Remember | undefined
}

/**
 * Folds a session's events into what they amount to: `apply` each in order, read `state`.
 *
 * They begin with a `session_ready` or with the log's first event; each later `session_ready` replaces everything but
 * what is known of tasks that ended. A fold can't undo: while tasks are open it remembers where they began and what was
 * said since, and folds that anew, without what is void, when some of it is taken back.
 */
export class SessionView {
  readonly #remember: Remember | undefined
  #fold: Fold
  #seq = 0
  #base: { seq: number; fold: Fold } | undefined
  #since: Logged[] = []
  #retractions: Retraction[] = []
  #stale = false

  constructor({ activities }: ViewOptions = {}) {
    this.#remember = activities
    this.#fold = new Fold({}, activities)
  }

  /** As it is after the last event. A part that did not change is the same object as before. */
  get state(): SessionState {
    return this.#fold.state
  }

  /** Whether a new snapshot is needed: something was taken back that reaches too far, or an event was not what it says. */
  get stale(): boolean {
    return this.#stale
  }

  /** Take an event in. What is not of the log, or was seen before, changes nothing. */
  apply(event: PuntiniEvent): void {
    try {
      this.#apply(event)
    } catch {
      // The server knows what it amounts to.
      this.#stale = true
      this.#rebase(true)
    }
  }

  #apply(event: PuntiniEvent): void {
    const said = logged(event)
    if (event.type === "session_ready") this.#begin(new Fold(event.data, this.#remember))
    else if (event.type === "gap") this.#seq = 0
    else if (said && said.seq > this.#seq) this.#take(said)
  }

  /**
   * Begin anew. A snapshot that is older than what was seen, and follows no gap, says nothing new; but where something
   * has to be undone by one, what came since is put on it.
   */
  #begin(fold: Fold): void {
    const [before, { sessionId, cursor }] = [this.state, fold.state]
    const seq = seqOf(cursor)
    let since: Logged[] = []
    if (sessionId === before.sessionId && epochOf(cursor) === epochOf(before.cursor)) {
      if (seq < this.#seq) {
        if (!this.#stale || !this.#base || seq < this.#base.seq) return
        since = this.#since
      }
      fold.keep(this.#fold)
    }
    this.#fold = fold
    this.#seq = seq
    this.#stale = false
    this.#rebase(fold.hasOpenTasks)
    for (const { event } of since) this.apply(event)
  }

  #take(said: Logged): void {
    if (said.event.type === "task_started" && !this.#base) this.#rebase(true)
    this.#seq = said.seq
    const back = retraction(said)
    if (back) this.#undo(back)
    this.#fold.take(said, [])
    if (this.#base) this.#since.push(said)
    const isOpen = this.#fold.hasOpenTasks || this.#stale
    if (isOpen !== !!this.#base || this.#since.length >= MOST_UNDONE) this.#rebase(isOpen)
  }

  /** From here on events can be undone, or there is none that will have to be. */
  #rebase(isOpen: boolean): void {
    this.#base = isOpen ? { seq: this.#seq, fold: this.#fold.fork() } : undefined
    this.#since = []
    this.#retractions = []
  }

  #undo(back: Retraction): void {
    this.#stale ||= !this.#base || back.first <= this.#base.seq
    this.#retractions.push(back)
    if (!this.#base) return
    this.#fold = this.#base.fold.fork()
    for (const said of this.#since) this.#fold.take(said, this.#retractions)
  }
}
