import { setTimeout as sleep } from "node:timers/promises"
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest"
import type { PuntiniEvent } from "../../src/protocol.js"
import type { Tabs } from "../../src/stream/circle.js"
import { LEFT, type Ending } from "../../src/stream/endings.js"
import { SharedSource } from "../../src/stream/sharing.js"
import type { Batch, Source } from "../../src/stream/source.js"

/** A log that grows, and how many read it. */
class Log {
  readonly events: PuntiniEvent[] = []
  readers = 0
  readonly #waiting = new Set<() => void>()

  say(count = 1): void {
    for (let each = 0; each < count; each++) {
      const id = `e.${this.events.length + 1}`
      this.events.push({ type: "debug", id, session_id: "s", timestamp: "", data: { message: id, level: "info" } })
    }
    for (const wake of this.#waiting) wake()
  }

  /** A connection of one's own. */
  source(): Source {
    const open = async function* (log: Log, after: string, signal: AbortSignal): AsyncGenerator<Batch, Ending> {
      log.readers++
      let at = Number(after.split(".")[1] ?? 0)
      let told = false
      try {
        while (!signal.aborted) {
          const events = log.events.slice(at, at + 7)
          at += events.length
          if (events.length) yield { events }
          else if (!told) {
            told = true
            yield { events: [{ type: "live", session_id: "s", data: { cursor: `e.${at}` } }] }
          } else await log.#news(signal)
        }
        return { kind: "left" }
      } finally {
        log.readers--
      }
    }
    return { transport: "sse", open: (after, { signal }) => open(this, after, signal) }
  }

  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => (this.#waiting.delete(wake), resolve())
      this.#waiting.add(wake)
      signal.addEventListener("abort", wake, { once: true })
    })
  }
}

/** A browser's tabs: locks that are held by one at a time, and channels. */
function browser(): Tabs {
  let last = Promise.resolve()
  const request = ((_: string, { signal }: LockOptions, held: () => Promise<void>) => {
    const before = last
    const mine = before.then(() => (signal?.aborted ? undefined : held()))
    last = mine.catch(() => undefined)
    return mine
  }) as LockManager["request"]
  return { locks: { request }, channel: (name) => new BroadcastChannel(name) }
}

class Tab {
  readonly ids: string[] = []
  readonly #seen = new Set<string>()
  readonly #aborter = new AbortController()
  ending: Ending | undefined

  constructor(log: Log, tabs: Tabs, name: string) {
    void this.#run(new SharedSource(log.source(), name, tabs))
  }

  async #run(source: SharedSource): Promise<void> {
    let after = ""
    while (!this.#aborter.signal.aborted) {
      const connection = new AbortController()
      this.#aborter.signal.addEventListener("abort", () => connection.abort(LEFT))
      const batches = source.open(after, connection)
      for (;;) {
        const { done, value } = await batches.next()
        if (done) {
          this.ending = value
          break
        }
        for (const event of value.events) {
          if (!("id" in event) || !event.id || this.#seen.has(event.id)) continue
          this.#seen.add(event.id)
          this.ids.push((after = event.id))
        }
      }
    }
  }

  close(): void {
    this.#aborter.abort()
  }
}

async function until(what: () => boolean, ms = 5_000): Promise<void> {
  const end = Date.now() + ms
  while (!what()) {
    if (Date.now() > end) throw new Error(`${what} did not come true`)
    await sleep(5)
  }
}

describe("one connection for all tabs", () => {
  let tabs: Tab[] = []
  const open = (log: Log, count: number): Tab[] => {
    const shared = browser()
    const name = `test ${Math.random()}`
    tabs = Array.from({ length: count }, () => new Tab(log, shared, name))
    return tabs
  }
  const all = (log: Log) => log.events.map((event) => ("id" in event && event.id) || "")
  afterEach(async () => {
    for (const tab of tabs) tab.close()
  })

  test("soon only one tab reads, and all hear everything once and in order", async () => {
    const log = new Log()
    log.say(20)
    const opened = open(log, 5)
    await until(() => log.readers === 1 && opened.every((tab) => tab.ids.length === 20))

    for (let each = 0; each < 30; each++) {
      log.say(11)
      if (each % 7 === 0) await sleep(1)
    }

    await until(() => opened.every((tab) => tab.ids.length === log.events.length))
    expect(log.readers).toBe(1)
    for (const tab of opened) expect(tab.ids).toEqual(all(log))
  })

  test("when the leader goes another leads, and nothing is missing", async () => {
    const log = new Log()
    const opened = open(log, 4)
    await until(() => log.readers === 1)

    for (const leaving of [0, 1, 2]) {
      log.say(13)
      opened[leaving]?.close()
      log.say(17)
      await until(() => opened.slice(leaving + 1).every((tab) => tab.ids.length === log.events.length))
    }

    expect(opened[3]?.ids).toEqual(all(log))
    await until(() => log.readers === 1)
  })

  test("a connection that fails does so as it would without other tabs", async () => {
    const connection = new AbortController()
    const failing: Source = {
      transport: "sse",
      async *open() {
        throw new SyntaxError("damaged")
      },
    }
    const shared = new SharedSource(failing, `test ${Math.random()}`, browser())

    await expect(shared.open("", connection).next()).rejects.toThrow("damaged")
    expect(connection.signal.aborted).toBe(false) // which would mean that it was left on purpose, to come back at once
  })

  test("a tab that comes later begins by itself, and then listens", async () => {
    const log = new Log()
    const shared = browser()
    const name = `test ${Math.random()}`
    const first = new Tab(log, shared, name)
    log.say(50)
    await until(() => first.ids.length === 50)

    const late = new Tab(log, shared, name)
    tabs = [first, late]
    await until(() => late.ids.length === 50 && log.readers === 1)
    log.say(5)

    await until(() => late.ids.length === 55)
    expect(late.ids).toEqual(all(log))
  })

  test("what no tab of this version says is passed over", async () => {
    const log = new Log()
    const shared = browser()
    const name = `test ${Math.random()}`
    tabs = [new Tab(log, shared, name), new Tab(log, shared, name)]
    await until(() => log.readers === 1)
    log.say(3)

    const stranger = shared.channel(name)
    const junk = [null, undefined, 5, "came", [], {}, { kind: "__proto__" }, { kind: "came" }, { kind: "gone" }]
    const wrong = { kind: "came", after: "e.3" }
    const more = [
      { events: 5, cursor: "e.4" },
      { events: [], cursor: 4 },
      { events: [null], cursor: "e.4" },
    ]
    for (const each of [...junk, ...more.map((rest) => ({ ...wrong, ...rest }))]) stranger.postMessage(each)
    stranger.close()
    log.say(3)

    await until(() => tabs.every((tab) => tab.ids.length === 6))
    expect(log.readers).toBe(1)
    for (const tab of tabs) expect(tab.ids).toEqual(all(log))
  })

  test("a leader whose reader stands still keeps nobody waiting", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] })
    onTestFinished(() => void vi.useRealTimers())
    const log = new Log()
    log.say(1)
    const shared = browser()
    const name = `test ${Math.random()}`
    const aborter = new AbortController()
    onTestFinished(() => aborter.abort())
    const leader = new SharedSource(log.source(), name, shared).open("", aborter)
    await leader.next()
    await leader.next()
    const next = leader.next()
    const other = new Tab(log, shared, name)
    tabs = [other]
    await until(() => log.readers === 1 && other.ids.length === 1)
    log.say(1)
    await next // and then its reader has other things to do

    log.say(5)
    for (let second = 0; second < 60 && other.ids.length < log.events.length; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      await sleep(1) // What tabs say to one another takes its time.
    }

    expect(other.ids).toEqual(all(log))
  })

  test("a tab that can't keep up reads the rest by itself", async () => {
    const log = new Log()
    const shared = browser()
    const name = `test ${Math.random()}`
    const leader = new Tab(log, shared, name)
    await until(() => log.readers === 1)
    const source = new SharedSource(log.source(), name, shared)
    const aborter = new AbortController()
    const slow = source.open("", aborter)
    const heard: string[] = []
    const take = async () => {
      const { value } = await slow.next()
      for (const event of (value && "events" in value && value.events) || [])
        if ("id" in event) heard.push(event.id ?? "")
      return value
    }
    log.say(1)
    await take()
    await take() // "live": from here on the leader's word will do
    const next = take()
    await until(() => log.readers === 1)

    // Another listener tells when all has been said to it, and so to the slow one, which came before.
    let said = ""
    const witness = shared.channel(name)
    witness.onmessage = ({ data }) => (said = data.cursor)
    log.say(25_000)
    await until(() => said === "e.25001")
    witness.close()
    await next
    let value = await take()
    while (value && "events" in value) value = await take()

    expect(value).toEqual({ kind: "left" })
    expect(heard).toEqual(all(log).slice(0, heard.length))
    aborter.abort()
    leader.close()
  })
})
