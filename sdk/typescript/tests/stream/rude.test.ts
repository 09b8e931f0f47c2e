import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, onTestFinished, test, vi } from "vitest"
import { PuntiniClient, type Credential, type PuntiniEvent, type StreamOptions } from "../../src/index.js"
import { websocket } from "../../src/websocket.js"
import { answering, json } from "../answering.js"

const WATCHED_MS = 1_200
/** More tries in that time than a jittered back-off makes. */
const HOT = 15

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** How often a stream asks a server that answers so. */
async function asked(answer: Answer, options: StreamOptions = {}, credential?: Credential): Promise<number> {
  let count = 0
  const baseUrl = await answering((request, response) => {
    count++
    answer(request, response)
  })
  const stream = new PuntiniClient({ baseUrl, ...(credential && { credential }) }).stream("s", options)
  stream.on("event", () => {})
  await sleep(WATCHED_MS)
  stream.close()
  return count
}

const sse = (text: string) => (_: IncomingMessage, response: ServerResponse) =>
  response.writeHead(200, { "content-type": "text/event-stream" }).end(text)

const said = (event: object) => `data: ${JSON.stringify(event)}\n\n`

const page = (events: object[], live: boolean) => (_: IncomingMessage, response: ServerResponse) =>
  json(response, 200, { events, next: "e.1", live, ended: false })

const summary = { type: "memory_summary", id: "e.1", session_id: "s", timestamp: "", data: { summary: "" } }
const closed = { type: "session_ready", data: { status: "closed", cursor: "e.1" } }

describe.concurrent("a server is not asked over and over", () => {
  test.for<[string, Answer, StreamOptions?]>([
    ["names no time between tries", sse("retry: 0\n: hello\n\n")],
    ["names years", sse(said({ type: "reconnect", data: { reason: "drain", retry_ms: 1e13 } }))],
    ["names years in a header", (_, response) => response.writeHead(429, { "retry-after": "99999999999" }).end()],
    ["shows a closed session and hangs up", sse(said(closed))],
    ["ends a task that has no place in the log, and hangs up", sse(said({ type: "task_completed", data: {} }))],
    ["sends pages of a past that never ends", page([], false), { transport: "poll" }],
    ["sends one page of the past again and again", page([summary], false), { transport: "poll" }],
    ["sends one page again and again instead of waiting", page([summary], true), { transport: "poll" }],
    ["leads to itself", (request, response) => response.writeHead(302, { location: request.url ?? "" }).end()],
    ["is a log-in page", (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("<p>Hello")],
  ])("that %s", async ([, answer, options]) => {
    expect(await asked(answer, options)).toBeLessThan(HOT)
  })

  test("whose credentials end as soon as they begin", async () => {
    const answer: Answer = (request, response) => {
      if (request.url?.startsWith("/v1/token")) {
        json(response, 200, { access_token: "b", refresh_token: "c", expires_in: 60 })
      } else {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write(said({ type: "auth_expiring", data: { expires_at: "" } }))
      }
    }
    expect(await asked(answer, {}, { accessToken: "a", refreshToken: "b" })).toBeLessThan(HOT)
  })
})

describe("a redirect", () => {
  test.for([301, 302, 307, 308])("by %i carries no key and no password away", async (status) => {
    // Given a server that leads to another,
    const heard: string[] = []
    const other = await answering((request, response) => {
      heard.push(JSON.stringify(request.headers) + request.said)
      json(response, 200, {})
    })
    const baseUrl = await answering((request, response) =>
      response.writeHead(status, { location: other + request.url }).end(),
    )
    // when somebody asks it, with a key or a password,
    const client = new PuntiniClient({ baseUrl, credential: { apiKey: "a key" } })
    const ask = [() => client.auth.me(), () => client.auth.login({ username: "ann", password: "a password" })]
    // then the other hears nothing of it, and the error says what to do.
    for (const each of ask) await expect(each()).rejects.toThrow(`answered with ${status}: see that the address`)
    expect(heard).toEqual([])
  })
})

test("a refusal that is cut off while the credential is renewed breaks nothing", async () => {
  // An unhandled rejection would fail this run.
  const baseUrl = await answering((request, response) => {
    if (request.url?.startsWith("/v1/token/refresh")) {
      setTimeout(() => json(response, 200, { access_token: "new", refresh_token: "r", expires_in: 60 }), 60)
    } else if (request.headers.authorization === "Bearer new") json(response, 200, { username: "ann" })
    else {
      response.writeHead(401, { "content-length": "1000" }).write("{")
      setTimeout(() => response.destroy(), 20)
    }
  })
  const client = new PuntiniClient({ baseUrl, credential: { accessToken: "old", refreshToken: "r" } })
  expect(await client.auth.me()).toEqual({ username: "ann" })
})

test("the log is read to its end, also where a server never says that it is there", async () => {
  const baseUrl = await answering(page([summary], false))
  const found = []
  for await (const event of new PuntiniClient({ baseUrl }).sessions.events("s")) found.push(event)
  expect(found.length).toBeLessThan(4)
})

test("a WebSocket's good-bye is no end where no end was told", async () => {
  // Given something on the way that lets a WebSocket in and says good-bye, while SSE gets through,
  const server = createServer(
    sse(`id: e.1\n${said(summary)}id: e.2\n${said({ ...summary, id: "e.2", type: "session_closed" })}`),
  )
  server.on("upgrade", ({ headers }, socket) => {
    const key = `${headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
    const accept = createHash("sha1").update(key).digest("base64")
    socket.write(
      `HTTP/1.1 101 Yes\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n` +
        "Sec-WebSocket-Protocol: puntini.v1\r\n\r\n",
    )
    // A close frame of two bytes: 1000.
    socket.end(Buffer.from([0x88, 2, 0x03, 0xe8]))
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  onTestFinished(() => void server.close())
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const client = new PuntiniClient({ baseUrl, websocket })
  // when a session is followed by WebSocket, then the stream goes on by SSE to the end.
  const found: PuntiniEvent["type"][] = []
  for await (const { type } of client.stream("s", { transport: "websocket" })) found.push(type)
  expect(found).toEqual(["memory_summary", "session_closed"])
})

test("an event that is not what its type says costs one look at the server, and nothing is thrown", async () => {
  // Given a stream with a graph update that is none,
  const graph = { version: 2, nodes: [{ id: "n", label: "Task", props: {} }], edges: [] }
  const data = { session_id: "s", status: "active", agent: "a", messages: [], state: null, tasks: [] }
  const baseUrl = await answering((request, response) => {
    const ready = { type: "session_ready", data: { ...data, initial_graph: graph, cursor: "e.2" } }
    if (request.headers.accept === "application/json") return json(response, 200, { events: [ready], next: "e.2" })
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(
      `id: e.2\n${said({ type: "graph_update", id: "e.2", data: { version: 2, delta: [{ action: 5 }] } })}`,
    )
  })
  const live = new PuntiniClient({ baseUrl }).session("s")
  onTestFinished(() => live.close())
  // when it is followed, then the state is that of the server's snapshot.
  await vi.waitFor(() => expect(live.state.graph.nodes.get("n")?.label).toBe("Task"))
})

test("names that mean something to JavaScript are names like others", async () => {
  const node = JSON.parse(
    '{"id":"__proto__","label":"constructor","props":{"__proto__":{"stained":1},"toString":null}}',
  )
  const patch = [
    { op: "add", path: "/__proto__", value: { stained: 1 } },
    { op: "add", path: "/constructor", value: { prototype: { stained: 1 } } },
  ]
  const events = [
    { type: "graph_update", id: "e.1", data: { version: 1, delta: [{ action: "add_node", node }] } },
    { type: "graph_update", id: "e.2", data: { version: 2, delta: [{ action: "update_node", node }] } },
    { type: "state_update", id: "e.3", data: { version: 1, snapshot: {} } },
    { type: "state_update", id: "e.4", data: { version: 2, patch } },
    { type: "assistant_response", id: "e.5", data: { message_id: "__proto__", text: "hi", chunk: false, offset: 0 } },
  ]
  const baseUrl = await answering((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(events.map((event) => `id: ${event.id}\n${said(event)}`).join(""))
  })
  const live = new PuntiniClient({ baseUrl }).session("s")
  onTestFinished(() => live.close())
  await vi.waitFor(() => expect(live.state.messages[0]?.content).toBe("hi"))
  expect(Object.keys(live.state.graph.nodes.get("__proto__")?.props ?? {})).toEqual(["__proto__"])
  expect(live.state.stateVersion).toBe(2)
  expect(Reflect.get({}, "stained")).toBe(undefined)
})

test.for([".", ".."])("a thing named %s leads nowhere else", async (name) => {
  const asked: (string | undefined)[] = []
  const baseUrl = await answering((request, response) => {
    asked.push(request.url)
    json(response, 200, {})
  })
  const client = new PuntiniClient({ baseUrl })
  await client.sessions.get(name)
  await client.tasks.get(name)
  expect(asked).toEqual(["/v1/sessions/%252E", "/v1/tasks/%252E"])
})
