import { Circle, type Tabs } from "./circle.js"
import { LEFT, type Ending } from "./endings.js"
import type { Batch, Source } from "./source.js"

/** When the leader was quiet for so long it is asked whether it is there; a tab whose page is hidden sets no clocks. */
const ASK_MS = 5_000
const ANSWER_MS = 5_000

/**
 * One connection for all tabs that follow the same: one of them reads, the others listen to it.
 *
 * A tab first reads by itself, until it is where the leader is; so it needs nothing from others to begin, and comes back
 * to that whenever the leader falls silent or something is missing.
 */
export class SharedSource implements Source {
  readonly transport
  readonly #own: Source
  readonly #name: string
  readonly #tabs: Tabs

  constructor(own: Source, name: string, tabs: Tabs) {
    this.transport = own.transport
    this.#own = own
    this.#name = name
    this.#tabs = tabs
  }

  async *open(after: string, { signal }: AbortController): AsyncGenerator<Batch, Ending> {
    const circle = new Circle(this.#tabs, this.#name, after, signal)
    try {
      for (;;) {
        const ending = (yield* this.#read(circle, signal)) ?? (yield* this.#listen(circle, signal))
        if (ending) return ending
      }
    } finally {
      circle.leave()
    }
  }

  /** Read by a connection of one's own, until it ends or the leader's word will do: then undefined. */
  async *#read(circle: Circle, signal: AbortSignal): AsyncGenerator<Batch, Ending | undefined> {
    const own = new AbortController()
    const leave = () => own.abort(LEFT)
    signal.addEventListener("abort", leave)
    if (signal.aborted) leave()
    const batches = this.#own.open(circle.cursor.at, own)
    let next = batches.next()
    try {
      while (!circle.covered) {
        const result = await Promise.race([next, circle.news(ASK_MS)])
        if (result === true) continue
        if (result === false) {
          circle.ask()
          continue
        }
        if (result.done) return result.value
        circle.came(result.value)
        circle.reads = false
        yield result.value
        circle.reads = true
        next = batches.next()
      }
      return undefined
    } catch (error) {
      if (own.signal.aborted) return own.signal.reason
      throw error
    } finally {
      signal.removeEventListener("abort", leave)
      leave()
      // What was being waited for ends with an error, which is of no interest any more.
      next.catch(() => undefined)
      await batches.return(LEFT).catch(() => undefined)
    }
  }

  /** Listen to the leader, until it is gone, or this tab is to lead: then undefined. */
  async *#listen(circle: Circle, signal: AbortSignal): AsyncGenerator<Batch, Ending | undefined> {
    while (!signal.aborted) {
      const batch = circle.take()
      if (batch) yield batch
      else if (batch === null) break
      else if (circle.leads) return undefined
      else if (!(await circle.news(ASK_MS))) {
        circle.ask()
        if (!(await circle.news(ANSWER_MS))) break
      }
    }
    return LEFT
  }
}
