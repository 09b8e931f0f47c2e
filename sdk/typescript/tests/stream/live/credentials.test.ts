import { afterAll, beforeAll, describe, expect, test, vi } from "vitest"
import { EventStream, PuntiniClient, PuntiniError } from "../../../src/index.js"
import type { Requests } from "../../../src/stream/source.js"
import { websocket } from "../../../src/websocket.js"
import { Serving } from "./serving.js"
import { log, session } from "./sessions.js"

const KEY = "pk_tests_0123456789abcdef0123456789abcdef"
const PASSWORD = "a long enough password"

let serving: Serving
let admin: PuntiniClient

beforeAll(async () => {
  // Tokens end three seconds after they were made.
  const flags = ["--access-minutes", "0.05", "--rate-limit", "0"]
  const environment = { PUNTINI_API_KEYS: `tests:admin:${KEY}`, PUNTINI_SECRET: "0123456789abcdef".repeat(4) }
  serving = await Serving.begin(flags, environment)
  admin = new PuntiniClient({ baseUrl: serving.url, credential: { apiKey: KEY } })
  // The first account is an admin's, who may see everything.
  for (const username of ["boss", "ann"]) {
    await admin.http.ask("/v1/register", { method: "POST", body: { username, password: PASSWORD } })
  }
}, 30_000)

afterAll(() => serving.end())

/** Ann's requests. She logs in again when her token ends, as long as `may` says so. */
class Ann implements Requests {
  client = new PuntiniClient({ baseUrl: serving.url })
  refreshed = 0
  #token = ""

  async refresh(may = true): Promise<boolean> {
    if (!may) return false
    const body = { username: "ann", password: PASSWORD }
    const tokens = await admin.http.ask<{ access_token: string }>("/v1/login", { method: "POST", body })
    this.#token = tokens.access_token
    this.client = new PuntiniClient({ baseUrl: serving.url, credential: { accessToken: this.#token } })
    this.refreshed++
    return true
  }

  send: Requests["send"] = (path, asked) => this.client.http.send(path, asked)
  url: Requests["url"] = (path, query) => this.client.http.url(path, query)
  websocket = websocket
  subprotocols = () => Promise.resolve([`bearer.${this.#token}`])
}

async function followed(ann: Ann, transport: "sse" | "websocket" | "poll"): Promise<[seen: string[], log: string[]]> {
  await ann.refresh()
  const { id } = await session(ann.client, "play 50 events every 100 ms")
  const ids = []
  for await (const event of new EventStream(ann, `/v1/sessions/${id}/stream`, { after: "earliest", transport })) {
    if ("id" in event && event.id) ids.push(event.id)
    if (event.type === "task_completed") break
  }
  return [ids, await log(admin, id)]
}

describe.concurrent.each(["sse", "websocket", "poll"] as const)("over %s", (transport) => {
  test("a stream outlives its credential, and misses nothing", async () => {
    const ann = new Ann()
    const [seen, whole] = await followed(ann, transport)
    expect(seen).toEqual(whole)
    expect(ann.refreshed).toBeGreaterThan(1)
  }, 20_000)

  test("where there is no new credential, it ends with 401", async () => {
    const ann = new Ann()
    await ann.refresh()
    const { id } = await session(ann.client)
    ann.refresh = () => Promise.resolve(false)
    const stream = new EventStream(ann, `/v1/sessions/${id}/stream`, { transport })
    const reading = (async () => {
      for await (const event of stream) expect(event).toBeDefined()
    })()
    await expect(reading).rejects.toMatchObject({ status: 401 })
    expect(stream.connection.status).toBe("closed")
  }, 20_000)

  test("a key is shown", async () => {
    const { id } = await session(admin)
    const requests: Requests = {
      send: (path, asked) => admin.http.send(path, asked),
      url: (path, query) => admin.http.url(path, query),
      websocket,
      subprotocols: () => Promise.resolve([`apikey.${KEY}`]),
    }
    const stream = new EventStream(requests, `/v1/sessions/${id}/stream`, { transport })
    stream.on("event", () => undefined)
    await vi.waitUntil(() => stream.connection.live, { timeout: 5_000 })
    expect(stream.connection.transport).toBe(transport)
    stream.close()
  })
})

test("what somebody may not see is an error", async () => {
  const ann = new Ann()
  await ann.refresh()
  const { id } = await session(admin)
  const events = new EventStream(ann, `/v1/sessions/${id}/stream`)[Symbol.asyncIterator]()
  await expect(events.next()).rejects.toBeInstanceOf(PuntiniError)
})
