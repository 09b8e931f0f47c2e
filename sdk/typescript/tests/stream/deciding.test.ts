import { afterEach, describe, expect, test } from "vitest"
import { PuntiniClient, PuntiniError, type PuntiniEvent } from "../../src/index.js"
import { pause } from "../../src/pause.js"
import { Backoff } from "../../src/stream/backoff.js"
import { Calls } from "../../src/stream/calls.js"
import { Choice } from "../../src/stream/choice.js"
import { Cursor } from "../../src/stream/cursor.js"
import { endingOf, endingOfCode, type Ending } from "../../src/stream/endings.js"
import { Inbox } from "../../src/stream/inbox.js"

function said(id: string): PuntiniEvent {
  return { type: "memory_summary", id, session_id: "ses_1", timestamp: "", data: { summary: "" } }
}

function ready(cursor: string): PuntiniEvent {
  const graph = { version: 0, nodes: [], edges: [] }
  const rest = { session_id: "ses_1", agent: "a", initial_graph: graph, messages: [], state: null, tasks: [] }
  return { type: "session_ready", data: { ...rest, status: "active", cursor } }
}

describe("a cursor", () => {
  test("lets each event through once, holes and all", () => {
    const cursor = new Cursor()
    const ids = ["e.1", "e.2", "e.2", "e.1", "e.9", "e.3", "e.10"]
    expect(ids.filter((id) => cursor.admits(said(id)))).toEqual(["e.1", "e.2", "e.9", "e.10"])
    expect(cursor.at).toBe("e.10")
  })

  test("goes on in another epoch", () => {
    const cursor = new Cursor()
    expect(["old.50", "new.1", "new.1"].map((id) => cursor.admits(said(id)))).toEqual([true, true, false])
  })

  test("is where a snapshot is, also when that is further back", () => {
    const cursor = new Cursor()
    cursor.admits(said("e.50"))
    expect(cursor.admits(ready("e.40"))).toBe(true)
    expect(cursor.at).toBe("e.40")
    expect([said("e.40"), said("e.41")].map((event) => cursor.admits(event))).toEqual([false, true])
  })

  test("lets control events through, and `live` tells it where a stream of what is new began", () => {
    const cursor = new Cursor()
    expect(cursor.admits({ type: "live", data: { cursor: "e.7" } })).toBe(true)
    expect(cursor.admits({ type: "pong", data: null })).toBe(true)
    expect(cursor.at).toBe("e.7")
    cursor.admits({ type: "live", data: { cursor: "e.5" } })
    expect(cursor.at).toBe("e.7")
  })
})

describe("a back-off", () => {
  test("waits a random part of a time that doubles, up to the longest", () => {
    for (let round = 0; round < 100; round++) {
      const backoff = new Backoff(5_000)
      backoff.base = 2_000
      for (const ceiling of [2_000, 4_000, 5_000, 5_000]) {
        const delay = backoff.next()
        expect(delay).toBeGreaterThanOrEqual(0)
        expect(delay).toBeLessThan(ceiling)
      }
    }
  })

  test("spreads over the whole time", () => {
    const delays = Array.from({ length: 200 }, () => new Backoff(30_000).next())
    expect(Math.min(...delays)).toBeLessThan(200)
    expect(Math.max(...delays)).toBeGreaterThan(800)
  })

  test("is never shorter than the server asks for, nor all the same", () => {
    const delays = Array.from({ length: 100 }, () => new Backoff(1_000).next(7_000))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(7_000)
    expect(new Set(delays).size).toBeGreaterThan(1)
  })
})

describe("a pause", () => {
  const page = new EventTarget()
  afterEach(() => void Object.assign(globalThis, { addEventListener: undefined, removeEventListener: undefined }))

  test("ends when it is aborted, before or meanwhile", async () => {
    const aborter = new AbortController()
    const paused = pause(60_000, aborter.signal, true)
    aborter.abort("enough")
    await expect(paused).rejects.toBe("enough")
    await expect(pause(60_000, aborter.signal, true)).rejects.toBe("enough")
  })

  test("ends at once when the browser is online again, unless the server asked for the wait", async () => {
    Object.assign(globalThis, {
      addEventListener: page.addEventListener.bind(page),
      removeEventListener: page.removeEventListener.bind(page),
    })
    const aborter = new AbortController()
    const done: string[] = []
    const free = pause(60_000, aborter.signal, true).then(() => done.push("free"))
    const bound = pause(60_000, aborter.signal, false).then(() => done.push("bound"))
    page.dispatchEvent(new Event("online"))
    await free
    expect(done).toEqual(["free"])
    aborter.abort("enough")
    await expect(bound).rejects.toBe("enough")
  })
})

describe("the choice of a transport", () => {
  test("falls back to a simpler one, and comes back after a minute, then two", () => {
    const choice = new Choice("sse")
    choice.blocked("sse", 0)
    expect([0, 59_999, 60_000].map((now) => choice.pick(now))).toEqual(["poll", "poll", "sse"])
    choice.opened("poll")
    choice.blocked("sse", 60_000)
    expect([179_999, 180_000].map((now) => choice.pick(now))).toEqual(["poll", "sse"])
  })

  test("goes from WebSocket to SSE to polling, and no further", () => {
    const choice = new Choice("websocket")
    choice.blocked("websocket", 0)
    expect(choice.pick(0)).toBe("sse")
    choice.blocked("sse", 0)
    expect(choice.pick(0)).toBe("poll")
    choice.blocked("poll", 0)
    expect(choice.pick(0)).toBe("poll")
  })

  test("blames no transport where nothing gets through", () => {
    const choice = new Choice("sse")
    choice.blocked("sse", 0)
    choice.lost()
    expect(choice.pick(0)).toBe("sse")
  })

  test("takes one silence for a lost network, and two in a row for a block", () => {
    const choice = new Choice("sse")
    choice.silent("sse", 0)
    choice.worked("sse")
    choice.silent("sse", 0)
    expect(choice.pick(0)).toBe("sse")
    choice.silent("sse", 0)
    expect(choice.pick(0)).toBe("poll")
  })
})

describe("what an ending means", () => {
  const refused = (status: number, retryAfter?: number) =>
    new PuntiniError({ status, code: "x", detail: "No." }, retryAfter)

  test.each<[unknown, Partial<Ending>]>([
    [refused(401), { kind: "unauthorized" }],
    [refused(403), { kind: "failed" }],
    [refused(404), { kind: "failed" }],
    [refused(400), { kind: "failed" }],
    [refused(429, 3), { kind: "lost", atLeast: 3_000 }],
    [refused(503), { kind: "lost" }],
    [refused(502), { kind: "lost" }],
    [refused(425), { kind: "lost" }],
    [new TypeError("fetch failed"), { kind: "lost" }],
    [new SyntaxError("no JSON"), { kind: "lost" }],
    [new RangeError("too large"), { kind: "failed" }],
  ])("%s", (error, ending) => expect(endingOf(error)).toMatchObject(ending))

  test.each<[number, Ending["kind"]]>([
    [1000, "over"],
    [1001, "lost"],
    [1006, "lost"],
    [1009, "blocked"],
    [4401, "unauthorized"],
    [4403, "failed"],
    [4404, "failed"],
    [4429, "lost"],
  ])("close code %d", (code, kind) => expect(endingOfCode(code).kind).toBe(kind))
})

describe("a socket's inbox", () => {
  test("hands on together what came together, and then how it ended", async () => {
    const inbox = new Inbox()
    const batches = inbox.batches()
    const first = batches.next()
    inbox.add([said("e.1")], 10)
    inbox.add([said("e.2")], 10)
    inbox.end({ kind: "over" })
    expect((await first).value).toEqual({ events: [said("e.1"), said("e.2")] })
    expect(await batches.next()).toEqual({ done: true, value: { kind: "over" } })
  })

  test("takes no more than its bound, and what it took is not lost", async () => {
    const inbox = new Inbox(100)
    expect([60, 40, 1].map((size, at) => inbox.add([said(`e.${at}`)], size))).toEqual([true, true, false])
    const batches = inbox.batches()
    expect((await batches.next()).value).toEqual({ events: [said("e.0"), said("e.1")] })
    expect(await batches.next()).toEqual({ done: true, value: { kind: "left" } })
  })

  test("takes one frame of any size, or there would be no way on", () => {
    expect(new Inbox(100).add([said("e.1")], 1_000)).toBe(true)
  })
})

describe("commands through a socket", () => {
  const error = { code: 409, reason: "task_running", message: "Busy.", retryable: false }

  test("are told their answers, in whatever order these come", async () => {
    const calls = new Calls()
    const [first, second] = ["c1", "c2"].map((id) => calls.begin(id, () => undefined))
    expect(calls.answer({ type: "error", data: {}, error: { ...error, command_id: "c2" } })).toBe(true)
    expect(calls.answer({ type: "accepted", data: { command_id: "c1", cursor: "e.1" } })).toBe(true)
    expect(await first).toEqual({ command_id: "c1", cursor: "e.1" })
    await expect(second).rejects.toMatchObject({ status: 409, code: "task_running", message: "Busy." })
  })

  test("leave alone what answers nobody", () => {
    const calls = new Calls()
    expect(calls.answer({ type: "error", data: {}, error })).toBe(false)
    expect(calls.answer(said("e.1"))).toBe(false)
  })

  test("can be sent again when they were cut off", async () => {
    const calls = new Calls()
    const sent = calls.begin("c1", () => undefined)
    calls.cutOff()
    await expect(sent).rejects.toMatchObject({ code: "cut_off", retryable: true })
    expect(calls.begin("c1", () => undefined)).toBeDefined()
  })
})

test("a client without WebSockets says how to have them", () => {
  const stream = new PuntiniClient().stream("ses_1")

  expect(() => stream.upgrade()).toThrow("@puntini/client/websocket")
  stream.close()
})
