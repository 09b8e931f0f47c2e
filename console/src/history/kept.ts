import { epochOf, seqOf, whose, type Logged } from "./ids"

export const MOST_EVENTS = 200_000
export const MOST_BYTES = 64 * 2 ** 20
/** The part of what is kept that goes at once when there is too much, so that making room is rare. */
const PART = 1 / 10

/**
 * A run of the log's events in memory, bounded: beyond 200,000 events or 64 MiB of JSON the oldest go.
 *
 * An event's index stays the same when older ones go: `begin` rises instead.
 */
export class KeptEvents {
  /** Is told up to which index events go, while they are still there. */
  onForget: (until: number) => void = () => {}
  readonly #most: { events: number; bytes: number }
  #events: Logged[] = []
  #begin = 0
  #bytes = 0
  #joined = 0
  /** How many there are of each type. */
  readonly types = new Map<string, number>()
  /** The tasks that occur, in order, and what was asked of each. */
  readonly tasks = new Map<string, string>()

  constructor(most = { events: MOST_EVENTS, bytes: MOST_BYTES }) {
    this.#most = most
  }

  /** The index of the first event. */
  get begin(): number {
    return this.#begin
  }

  /** The index after the last event. */
  get end(): number {
    return this.#begin + this.#events.length
  }

  /** The index from which on events follow one another; what was kept before that was of another life, or cut off. */
  get joined(): number {
    return this.#joined
  }

  get last(): Logged | undefined {
    return this.#events.at(-1)
  }

  at(index: number): Logged | undefined {
    return this.#events[index - this.#begin]
  }

  /** The events from an index up to another, as far as they are kept. */
  slice(from: number, to: number): readonly Logged[] {
    return this.#events.slice(Math.max(0, from - this.#begin), Math.max(0, to - this.#begin))
  }

  /** The index of the last event that is not after `id`; -1 where there is none, or `id` is of another life of the log. */
  find(id: string): number {
    const seq = seqOf(id)
    if (!this.last || epochOf(this.last.id) !== epochOf(id)) return -1
    let low = 0
    let high = this.#events.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (seqOf(this.#events[middle]?.id ?? "") <= seq) low = middle + 1
      else high = middle
    }
    return low === 0 ? -1 : this.#begin + low - 1
  }

  /** Keep an event, unless it or a later one is kept already. An event of another life of the log replaces all. */
  add(event: Logged): void {
    if (this.last) {
      if (epochOf(this.last.id) !== epochOf(event.id)) this.clear()
      else if (seqOf(event.id) <= seqOf(this.last.id)) return
    }
    this.#events.push(event)
    this.#bytes += sizeOf(event)
    this.#count(event, 1)
    const { task } = whose(event)
    if (event.type === "user_prompt" && !this.tasks.get(task)) this.tasks.set(task, event.data.prompt.slice(0, 200))
    else if (task && !this.tasks.has(task)) this.tasks.set(task, "")
    if (this.#events.length > this.#most.events || this.#bytes > this.#most.bytes) this.#makeRoom()
  }

  clear(): void {
    this.#begin = this.#joined = this.end
    this.#events = []
    this.#bytes = 0
    this.types.clear()
    this.tasks.clear()
  }

  #makeRoom(): void {
    const count = Math.floor(this.#events.length * PART) || 1
    this.onForget(this.#begin + count)
    const dropped = this.#events.splice(0, count)
    this.#begin += dropped.length
    for (const event of dropped) {
      this.#bytes -= sizeOf(event)
      this.#count(event, -1)
    }
  }

  #count({ type }: Logged, by: number): void {
    this.types.set(type, (this.types.get(type) ?? 0) + by)
  }
}

function sizeOf(event: Logged): number {
  return JSON.stringify(event).length
}
