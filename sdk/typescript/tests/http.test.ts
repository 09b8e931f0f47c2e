import { expect, test } from "vitest"
import { PuntiniClient, PuntiniError } from "../src/index.js"
import { answering, json, refuse } from "./answering.js"

const SESSION = { session_id: "ses_1", title: "" }

test("a request that a busy server put off is sent again, with the same key", async () => {
  const keys: unknown[] = []
  const baseUrl = await answering((request, response) => {
    keys.push(request.headers["idempotency-key"])
    if (keys.length < 3) refuse(response, 503, "unavailable")
    else json(response, 201, SESSION)
  })

  const made = await new PuntiniClient({ baseUrl }).sessions.create()

  expect(made.session_id).toBe("ses_1")
  expect(keys).toHaveLength(3)
  expect(new Set(keys).size).toBe(1)
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/)
})

test("a connection that is cut is no answer either", async () => {
  let asked = 0
  const baseUrl = await answering((request, response) => {
    if (++asked < 2) request.socket.destroy()
    else json(response, 200, SESSION)
  })

  await new PuntiniClient({ baseUrl }).sessions.get("ses_1")

  expect(asked).toBe(2)
})

test("what is not safe to repeat is sent once", async () => {
  let asked = 0
  const baseUrl = await answering((_, response) => {
    asked++
    refuse(response, 503, "unavailable")
  })

  const failure = await new PuntiniClient({ baseUrl }).auth.keys.create({ name: "ci" }).catch((error: unknown) => error)

  expect(failure).toMatchObject({ status: 503, code: "unavailable", retryable: true })
  expect(asked).toBe(1)
})

test("tries come to an end", async () => {
  let asked = 0
  const baseUrl = await answering((_, response) => {
    asked++
    refuse(response, 429, "too_many", { "retry-after": "0" })
  })

  await expect(new PuntiniClient({ baseUrl }).status()).rejects.toMatchObject({ status: 429 })

  expect(asked).toBe(4)
})

test("nobody waits for minutes: the error says how long it would be", async () => {
  const baseUrl = await answering((_, response) => refuse(response, 429, "too_many", { "retry-after": "300" }))

  await expect(new PuntiniClient({ baseUrl }).status()).rejects.toMatchObject({ retryAfter: 300, requestId: "req_1" })
})

test("an error has the server's words", async () => {
  const errors = [{ path: "title", message: "title: too long" }]
  const baseUrl = await answering((_, response) =>
    json(response, 400, { status: 400, code: "invalid", detail: "title: too long", errors, request_id: "req_7" }),
  )

  const failure = await new PuntiniClient({ baseUrl }).sessions.create({ title: "…" }).catch((error: unknown) => error)

  expect(failure).toBeInstanceOf(PuntiniError)
  expect(failure).toMatchObject({ message: "title: too long", code: "invalid", errors, requestId: "req_7" })
  expect(failure).toMatchObject({ status: 400, retryable: false })
})

test("an error page of something on the way is told in a sentence", async () => {
  const baseUrl = await answering((_, response) => response.writeHead(404).end("<h1>Not here</h1>"))

  await expect(new PuntiniClient({ baseUrl }).status()).rejects.toMatchObject({
    status: 404,
    code: "http",
    message: "The server answered with 404: see that the address is right and the server runs.",
  })
})

test("without a server there is an error that says what to do", async () => {
  // Nobody listens on port 1.
  const client = new PuntiniClient({ baseUrl: "http://127.0.0.1:1" })

  await expect(client.auth.keys.create({ name: "ci" })).rejects.toMatchObject({
    status: 0,
    code: "network",
    retryable: true,
    message: "http://127.0.0.1:1 can't be reached: see that it runs, and that you are online.",
  })
})

test("a signal ends a request, and the waiting between two", async () => {
  const aborter = new AbortController()
  const baseUrl = await answering((_, response) => {
    refuse(response, 503, "unavailable", { "retry-after": "20" })
    setImmediate(() => aborter.abort(new Error("changed my mind")))
  })

  await expect(new PuntiniClient({ baseUrl }).status({ signal: aborter.signal })).rejects.toThrow("changed my mind")
})

test("a list is one page to those who await it, and all pages to those who iterate it", async () => {
  const all = Array.from({ length: 45 }, (_, n) => ({ ...SESSION, session_id: `ses_${n}` }))
  const asked: string[] = []
  const baseUrl = await answering((request, response) => {
    asked.push(request.url ?? "")
    const offset = Number(new URL(request.url ?? "", "http://server").searchParams.get("offset"))
    json(response, 200, { items: all.slice(offset, offset + 20), total: all.length })
  })
  const { sessions } = new PuntiniClient({ baseUrl })

  const page = await sessions.list({ status: "active" })
  const found = []
  for await (const each of sessions.list()) found.push(each)

  expect([page.items.length, page.total]).toEqual([20, 45])
  expect(found).toEqual(all)
  expect(asked).toEqual([
    "/v1/sessions?status=active&offset=0",
    ...[0, 20, 40].map((offset) => `/v1/sessions?offset=${offset}`),
  ])
})

test("names in paths are made safe", async () => {
  let asked = ""
  const baseUrl = await answering((request, response) => {
    asked = request.url ?? ""
    json(response, 200, {})
  })

  await new PuntiniClient({ baseUrl }).sessions.members.share("a/b?c", "ann@example", "viewer")

  expect(asked).toBe("/v1/sessions/a%2Fb%3Fc/members/ann%40example")
})
