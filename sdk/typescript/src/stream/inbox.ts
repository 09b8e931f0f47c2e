import type { Ending } from "./endings.js"
import type { Batch } from "./source.js"

/** A slow reader leaves the socket when frames of more than so many UTF-16 code units wait for it. */
const MOST_WAITING = 4 * 1024 * 1024

/** What a socket has brought and nobody has taken yet. Bounded: what is over the bound is got again by its cursor. */
export class Inbox {
  readonly #most: number
  #events: Batch["events"][number][] = []
  #size = 0
  #news = false
  #ending: Ending | undefined
  #wake: (() => void) | undefined

  constructor(most = MOST_WAITING) {
    this.#most = most
  }

  /** Put a frame's events in, of which `size` tells the size; false when the inbox takes no more. */
  add(events: Batch["events"], size: number): boolean {
    if (this.#ending) return false
    if (this.#size && this.#size + size > this.#most) {
      this.end({ kind: "left" })
      return false
    }
    for (const event of events) this.#events.push(event)
    this.#size += size
    this.#news = true
    this.#wake?.()
    return true
  }

  /** Nothing comes after what is there. */
  end(ending: Ending): void {
    this.#ending ??= ending
    this.#wake?.()
  }

  /** All that comes, until the end, in as large batches as have come together. */
  async *batches(): AsyncGenerator<Batch, Ending> {
    for (;;) {
      if (this.#news) {
        const events = this.#events
        this.#events = []
        this.#size = 0
        this.#news = false
        yield { events }
      } else if (this.#ending) return this.#ending
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
