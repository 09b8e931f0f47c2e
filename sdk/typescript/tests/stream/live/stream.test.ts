import type { IncomingMessage } from "node:http"
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import {
  EventStream,
  PuntiniClient,
  type Connection,
  type PuntiniEvent,
  type StreamOptions,
} from "../../../src/index.js"
import { websocket } from "../../../src/websocket.js"
import { FaultProxy, type Fault } from "./proxy.js"
import { Serving } from "./serving.js"
import { ask, command, log, session } from "./sessions.js"

const TRANSPORTS = ["sse", "websocket", "poll"] as const

let serving: Serving
let client: PuntiniClient

beforeAll(async () => {
  serving = await Serving.begin(["--rate-limit", "0"])
  client = new PuntiniClient({ baseUrl: serving.url, websocket })
}, 30_000)

afterAll(() => serving.end())

/** The ids of all events up to the first of `type`. */
async function upTo(type: PuntiniEvent["type"], stream: EventStream): Promise<string[]> {
  const ids = []
  for await (const event of stream) {
    if ("id" in event && event.id) ids.push(event.id)
    if (event.type === type) break
  }
  return ids
}

function taskStream(id: string, options: StreamOptions): EventStream {
  return new EventStream(client.http, `/v1/tasks/${id}/stream`, options)
}

function until(stream: EventStream, holds: (connection: Connection) => boolean): Promise<Connection> {
  return vi.waitUntil(() => holds(stream.connection) && stream.connection, { timeout: 10_000, interval: 5 })
}

async function withProxy(decide: (asked: IncomingMessage) => Fault, work: (proxy: FaultProxy) => Promise<void>) {
  const proxy = await FaultProxy.begin(serving.url, (_, asked) => decide(asked))
  try {
    await work(proxy)
  } finally {
    await proxy.end()
  }
}

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a stream has every event once, and leaving the loop closes it", async () => {
    const { id } = await session(client, "play 300 events every 1 ms")
    const stream = client.stream(id, { after: "earliest", transport })
    const ids = await upTo("task_completed", stream)
    expect(stream.connection).toMatchObject({ status: "closed", transport, cursor: ids.at(-1) })
    expect(ids).toEqual(await log(client, id))
  })

  test("without a cursor it begins with a snapshot, then it is live", async () => {
    const { id, task } = await session(client, "play 3 events")
    await upTo("task_completed", taskStream(task, {}))
    const types = []
    const stream = client.stream(id, { transport })
    for await (const event of stream) {
      types.push(event.type)
      if (event.type === "live") break
    }
    expect(types).toEqual(["session_ready", "live"])
  })

  test("a task's stream ends with the task, and at once where it has ended before", async () => {
    const { task } = await session(client, "play 20 events every 5 ms")
    const types = []
    let last = ""
    for await (const event of taskStream(task, { transport })) {
      types.push(event.type)
      if ("id" in event && event.id) last = event.id
    }
    expect(types.filter((type) => type !== "live").at(-1)).toBe("task_completed")
    for await (const event of taskStream(task, { transport, after: last })) expect(event.type).toBe("live")
  })

  test("a session's stream ends when it is closed", async () => {
    const { id } = await session(client)
    const types: string[] = []
    const stream = client.stream(id, { transport })
    stream.on("event", ({ type }) => types.push(type))
    await until(stream, ({ live }) => live)
    await command(client, id, { type: "close_session", data: {} })
    await until(stream, ({ status }) => status === "closed")
    expect(types).toEqual(["session_ready", "live", "session_closed"])
  })

  test("only the types that were asked for come", async () => {
    const { id } = await session(client, "play 70 events")
    const types = new Set<string>()
    for await (const { type } of client.stream(id, { after: "earliest", events: ["step"], transport })) {
      types.add(type)
      if (type === "task_completed") break
    }
    types.delete("live")
    expect(types).toEqual(new Set(["step", "task_completed"]))
  })

  test("what is not there is an error of the iteration, and told to handlers", async () => {
    const stream = client.stream("ses_nowhere", { transport })
    const told = vi.fn()
    const reading = (async () => {
      for await (const event of stream) expect(event).toBeUndefined()
    })()
    stream.on("error", told)
    await expect(reading).rejects.toMatchObject({ status: 404, code: "not_found" })
    expect(told.mock.calls[0]?.[0]).toMatchObject({ type: "error", error: { code: 404, reason: "not_found" } })
    expect(stream.connection.status).toBe("closed")
  })

  test("a cursor that can't be honoured is a gap and a snapshot, and it goes on from there", async () => {
    const { id } = await session(client, "play 20 events every 5 ms")
    const events: PuntiniEvent[] = []
    for await (const event of client.stream(id, { after: "nowhere.7", transport })) {
      events.push(event)
      if (event.type === "task_completed") break
    }
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual(["gap", "session_ready"])
    const start = events[1]?.type === "session_ready" ? events[1].data.cursor : ""
    const whole = await log(client, id)
    const ids = events.flatMap((event) => ("id" in event && event.id ? [event.id] : []))
    expect(ids).toEqual(whole.slice(whole.indexOf(start) + 1))
  })

  test("closing ends a loop that waits, and leaves no connection behind", async () => {
    const { id } = await session(client)
    await withProxy(
      () => ({ kind: "none" }),
      async (proxy) => {
        const stream = new PuntiniClient({ baseUrl: proxy.url("x"), websocket }).stream(id, { transport })
        const reading = upTo("session_closed", stream)
        await until(stream, ({ live }) => live)
        stream.close()
        expect(await reading).toEqual([])
        // The agent of `fetch` keeps idle connections for a while; those that carry something are gone.
        await vi.waitUntil(() => proxy.carrying === 0, { timeout: 5_000 })
      },
    )
  })

  test("an abort before the first event ends it", async () => {
    const aborter = new AbortController()
    const { id } = await session(client)
    await withProxy(
      () => ({ kind: "freeze", after: 0 }),
      async (proxy) => {
        const options = { transport, signal: aborter.signal }
        const reading = upTo("live", new PuntiniClient({ baseUrl: proxy.url("x"), websocket }).stream(id, options))
        await vi.waitUntil(() => proxy.carrying > 0, { timeout: 5_000 })
        aborter.abort()
        expect(await reading).toEqual([])
      },
    )
  })
})

test("a stream can go up to WebSocket and down again, at the same cursor", async () => {
  const { id } = await session(client, "play 300 events every 5 ms")
  const stream = client.stream(id, { after: "earliest" })
  const transports = new Set<string>()
  const ids: string[] = []
  for await (const event of stream) {
    transports.add(stream.connection.transport)
    if ("id" in event && event.id) ids.push(event.id)
    if (ids.length === 50) stream.upgrade()
    if (ids.length === 200) stream.downgrade()
    if (event.type === "task_completed") break
  }
  expect([...transports]).toEqual(["sse", "websocket"])
  expect(stream.connection.transport).toBe("sse")
  expect(ids).toEqual(await log(client, id))
})

test("commands go through the socket while there is one", async () => {
  const { id } = await session(client)
  const stream = client.stream(id)
  stream.on("event", () => undefined)
  const prompt = { type: "user_prompt", command_id: "c1", data: { prompt: "play 3 events" } } as const
  await until(stream, ({ live }) => live)
  expect(stream.send(prompt)).toBeUndefined()
  stream.upgrade()
  await until(stream, ({ live, transport }) => live && transport === "websocket")
  expect(await stream.send(prompt)).toMatchObject({ command_id: "c1", task_id: expect.any(String) })
  const refused = stream.send({ type: "control", command_id: "c2", data: { task_id: "tsk_nowhere", action: "stop" } })
  await expect(refused).rejects.toMatchObject({ status: 404 })
  stream.close()
  expect(stream.send(prompt)).toBeUndefined()
})

test("whoever waits in the loop for an answer through the socket gets it", async () => {
  const { id } = await session(client)
  const stream = client.stream(id, { transport: "websocket" })
  for await (const event of stream) {
    if (event.type !== "live") continue
    const data = { prompt: "play 3 events" }
    expect(await stream.send({ type: "user_prompt", command_id: "c1", data })).toMatchObject({ command_id: "c1" })
    break
  }
})

test("a stream that is cut before its snapshot has come gets it when it comes back", async () => {
  const { id } = await session(client)
  const cut = new Set<string>()
  const decide = (name: string): Fault =>
    cut.has(name) ? { kind: "none" } : (cut.add(name), { kind: "cut", after: Number(name) })
  const proxy = await FaultProxy.begin(serving.url, decide)
  try {
    const firsts = Array.from({ length: 20 }, async (_, at) => {
      const through = new PuntiniClient({ baseUrl: proxy.url(String(20 + at * 5)), websocket })
      for await (const event of through.stream(id, { patience: { retry: 200 } })) return event.type
      return "nothing"
    })
    expect(new Set(await Promise.all(firsts))).toEqual(new Set(["session_ready"]))
  } finally {
    await proxy.end()
  }
})

describe("where something on the way", () => {
  const hurried = { opening: 300, silence: 4_000, retry: 500 }

  test("buffers streams, it is read by pages", async () => {
    const { id } = await session(client, "play 50 events every 5 ms")
    await withProxy(
      ({ headers }) => ({ kind: headers.accept === "text/event-stream" ? "hold" : "none" }),
      async (proxy) => {
        const stream = new PuntiniClient({ baseUrl: proxy.url("x"), websocket }).stream(id, {
          after: "earliest",
          patience: hurried,
        })
        expect(await upTo("task_completed", stream)).toEqual(await log(client, id))
        expect(stream.connection.transport).toBe("poll")
      },
    )
  })

  test("lets no WebSocket through, it goes on over SSE", async () => {
    const { id } = await session(client, "play 50 events every 5 ms")
    await withProxy(
      ({ headers }) => (headers.upgrade ? { kind: "answer", status: 400 } : { kind: "none" }),
      async (proxy) => {
        const options = { after: "earliest", patience: hurried, transport: "websocket" } as const
        const stream = new PuntiniClient({ baseUrl: proxy.url("x"), websocket }).stream(id, options)
        expect(await upTo("task_completed", stream)).toEqual(await log(client, id))
        expect(stream.connection.transport).toBe("sse")
      },
    )
  })
})

describe("a slow reader", () => {
  test("holds the server back: no more is read than it takes", async () => {
    const { id, task } = await session(client, "play 60000 events of 1000 bytes")
    await withProxy(
      () => ({ kind: "none" }),
      async (proxy) => {
        const stream = new PuntiniClient({ baseUrl: proxy.url("x"), websocket }).stream(id, { after: "earliest" })
        const events = stream[Symbol.asyncIterator]()
        await events.next()
        await upTo("task_completed", taskStream(task, { events: ["step"] }))
        // What fits into the buffers of the proxy and of the system's sockets, but not the 60 MB.
        expect(proxy.carried).toBeLessThan(30_000_000)
        await events.return?.()
      },
    )
  }, 20_000)

  test("of a WebSocket loses it, comes back and misses nothing", async () => {
    const { id, task } = await session(client, "play 15000 events of 1000 bytes")
    const stream = client.stream(id, { after: "earliest", transport: "websocket" })
    const opened = vi.fn()
    stream.on("connection", ({ status, live }) => status === "open" && !live && opened())
    const ids = []
    for await (const event of stream) {
      if (!ids.length) await upTo("task_completed", taskStream(task, { events: ["step"] }))
      if ("id" in event && event.id) ids.push(event.id)
      if (event.type === "task_completed") break
    }
    expect(opened.mock.calls.length).toBeGreaterThan(1)
    expect(ids).toEqual(await log(client, id))
  }, 20_000)
})

test("handlers and an iteration that begins later miss nothing between them", async () => {
  const { id } = await session(client)
  const stream = client.stream(id)
  const heard: string[] = []
  stream.on("event", ({ type }) => heard.push(type))
  await until(stream, ({ live }) => live)
  const iterated = upTo("task_completed", stream)
  await ask(client, id, "play 20 events")
  const ids = await iterated
  expect(heard.slice(0, 2)).toEqual(["session_ready", "live"])
  expect(heard.length).toBe(ids.length + 2)
  expect(ids).toEqual(await log(client, id))
  expect(() => stream[Symbol.asyncIterator]()).toThrow("once")
})
