import { SessionView, type SessionState } from "@puntini/client"
import type { Logged } from "./ids"

/** What a session was after each of its events. */
export class Timeline {
  readonly #events: Logged[] = []
  #view = new SessionView()
  #done = 0

  get length(): number {
    return this.#events.length
  }

  push(event: Logged): void {
    this.#events.push(event)
  }

  /** The state after the event at `index`. */
  at(index: number): SessionState {
    if (this.#done > index + 1) {
      this.#view = new SessionView()
      this.#done = 0
    }
    for (; this.#done <= index; this.#done++) {
      const event = this.#events[this.#done]
      if (event) this.#view.apply(event)
    }
    return this.#view.state
  }
}
