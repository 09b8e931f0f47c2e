import { Circle, type Tabs } from "./circle.js"
import type { Ending } from "./endings.js"
import type { Batch, Source } from "./source.js"
import { Watch } from "./watch.js"

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

  async *open(after: string, signal: AbortSignal): AsyncGenerator<Batch, Ending> {
    const watch = new Watch(signal)
    const circle = new Circle(this.#tabs, this.#name, after, watch.signal)
    try {
      for (;;) {
        const ending = (yield* this.#read(circle, watch.signal)) ?? (yield* this.#listen(circle, watch.signal))
        if (ending) return ending
      }
    } finally {
      watch.end()
      circle.leave()
    }
  }

  /** Read by a connection of one's own, until it ends or the leader's word will do: then undefined. */
  async *#read(circle: Circle, signal: AbortSignal): AsyncGenerator<Batch, Ending | undefined> {
    const watch = new Watch(signal)
    const batches = this.#own.open(circle.cursor.at, watch.signal)
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
    } finally {
      watch.end()
      // What was being waited for ends with an error, which is of no interest any more.
      next.catch(() => undefined)
      await batches.return({ kind: "left" }).catch(() => undefined)
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
    return { kind: "left" }
  }
}
