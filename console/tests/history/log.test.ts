import { expect, it, vi } from "vitest"
import type { EventPage, PuntiniEvent } from "@puntini/client"
import { EventLog } from "../../src/history/log"
import { thought } from "./events"

/** A log that grows while it is read: in memory, with pages and a live stream that lags behind. */
class Growing {
  readonly events: PuntiniEvent[] = []
  /** How many the live stream has brought. */
  streamed = 0
  /** The pages that were asked for, by what came before. */
  readonly asked: string[] = []
  failing = false
  /** Is called before each page. */
  onPage: () => unknown = () => {}

  constructor(count: number) {
    this.grow(count)
  }

  grow(count: number): void {
    for (let left = count; left > 0; left--) this.events.push(thought(this.events.length + 1))
  }

  /** Have the live stream bring so many more to a log. */
  stream(log: EventLog, count = Infinity): void {
    const end = Math.min(this.events.length, this.streamed + count)
    for (const event of this.events.slice(this.streamed, end)) log.take(event)
    this.streamed = end
  }

  async page(after: string, signal: AbortSignal): Promise<EventPage> {
    this.asked.push(after)
    this.onPage()
    signal.throwIfAborted()
    if (this.failing) throw new Error("The store is away: try again later.")
    const from = after === "earliest" ? 0 : Number(after.slice(2))
    const events = this.events.slice(from, from + 10)
    const next = from + events.length
    return { events, next: `e.${next}`, live: next === this.events.length, ended: false }
  }

  cursor(): string {
    return `e.${this.streamed}`
  }
}

const seqs = (log: EventLog) => log.kept.slice(0, log.kept.end).map(({ id }) => Number(id.slice(2)))
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)

it("asks for nothing until it is needed", () => {
  const source = new Growing(5)
  const log = new EventLog(source)

  source.stream(log)

  expect(log.reading.value.status).toBe("unread")
  expect([source.asked, seqs(log)]).toEqual([[], []])
})

it("reads all pages, then goes on with what comes live", async () => {
  const source = new Growing(25)
  const log = new EventLog(source)

  await log.load()
  source.streamed = 25
  source.grow(3)
  source.stream(log)

  expect(source.asked).toEqual(["earliest", "e.10", "e.20"])
  expect(seqs(log)).toEqual(upTo(28))
  log.close()
})

it("reads what lies between the pages and the snapshot of a stream that opened later", async () => {
  const source = new Growing(12)
  const log = new EventLog(source)
  await log.load()

  source.grow(8)
  source.streamed = 20
  log.take(snapshot("e.20"))
  source.grow(1)
  source.stream(log)

  await vi.waitFor(() => expect(seqs(log)).toEqual(upTo(21)))
  expect(log.reading.value).toEqual({ status: "complete" })
  log.close()
})

it("keeps what was read when it is stopped, and goes on from there", async () => {
  const source = new Growing(50)
  const log = new EventLog(source)
  source.onPage = () => source.asked.length === 3 && log.cancel()

  await log.load()

  expect(log.reading.value.status).toBe("stopped")
  expect(seqs(log)).toEqual(upTo(20))
  await log.load()
  expect(seqs(log)).toEqual(upTo(50))
  log.close()
})

it("says why reading failed", async () => {
  const source = new Growing(5)
  source.failing = true
  const log = new EventLog(source)

  await log.load()

  expect(log.reading.value).toEqual({ status: "failed", message: "The store is away: try again later." })
  log.close()
})

it("begins anew after a gap", async () => {
  const source = new Growing(5)
  const log = new EventLog(source)
  await log.load()
  const gap: PuntiniEvent = {
    type: "gap",
    data: { requested: "e.5", resumed_at: "f.2", reason: "unknown_epoch" },
  }
  const restored = [1, 2].map((seq) => ({ ...thought(seq), id: `f.${seq}` }))
  vi.spyOn(source, "page").mockImplementation(async (after) => {
    const events = after === "earliest" ? restored : [gap, snapshot("f.2")]
    return { events, next: "f.2", live: true, ended: false }
  })

  log.take(snapshot("f.2"))

  await vi.waitFor(() => expect(log.kept.last?.id).toBe("f.2"))
  expect(log.kept.slice(0, log.kept.end).map(({ id }) => id)).toEqual(["f.1", "f.2"])
  log.close()
})

it("has every event once and in order, however pages and the stream interleave", async () => {
  const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9))
  const random = numbers(seed)
  for (let round = 0; round < 200; round++) {
    const source = new Growing(random(40))
    const log = new EventLog(source)
    const read = log.load()
    for (let turn = 0; turn < 20; turn++) {
      if (random(3)) source.grow(random(6))
      if (random(2)) source.stream(log, random(12))
      if (random(9) === 0) {
        source.streamed = source.events.length
        log.take(snapshot(`e.${source.streamed}`))
      }
      await Promise.resolve()
    }
    await read
    source.stream(log)
    await log.load()
    expect(seqs(log), `SEED=${seed}, round ${round}`).toEqual(upTo(source.events.length))
    log.close()
  }
})

function snapshot(cursor: string): PuntiniEvent {
  const data = { session_id: "ses_1", status: "active", cursor, agent: "puntini", state: null } as const
  return {
    type: "session_ready",
    data: { ...data, initial_graph: { version: 0, nodes: [], edges: [] }, messages: [], tasks: [] },
  }
}

/** Whole numbers below a bound, the same for the same seed. */
function numbers(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}
