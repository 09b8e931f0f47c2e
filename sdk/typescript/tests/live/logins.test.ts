import { afterAll, beforeAll, expect, test } from "vitest"
import { PuntiniClient } from "../../src/index.js"
import { Server } from "./server.js"

const ANN = { username: "ann", password: "wet hammock, nineteen lions" }
let server: Server

beforeAll(async () => {
  server = await Server.start("--agent", "scripted")
  await new PuntiniClient({ baseUrl: server.url }).auth.register(ANN)
})

afterAll(() => server.remove())

async function loggedIn(): Promise<PuntiniClient> {
  const client = new PuntiniClient({ baseUrl: server.url })
  await client.auth.login(ANN)
  return client
}

test("after a log-in the client is that user, and after a log-out nobody", async () => {
  const client = await loggedIn()
  const me = await client.auth.me()
  await client.auth.refresh()
  const check = await client.auth.check()
  await client.auth.logout()

  expect(me).toMatchObject({ username: "ann", role: "admin" })
  expect(check.valid).toBe(true)
  await expect(client.auth.me()).rejects.toMatchObject({ status: 401 })
})

test("a wrong password is an error that says so, and nobody is signed out by it", async () => {
  const client = await loggedIn()
  let signedOut = false
  client.onSignedOut(() => (signedOut = true))

  await expect(client.auth.login({ ...ANN, password: "wrong wrong wrong" })).rejects.toMatchObject({ status: 401 })

  expect(signedOut).toBe(false)
  expect((await client.auth.me()).username).toBe("ann")
})

test("a key is made, used and revoked", async () => {
  const client = await loggedIn()
  const made = await client.auth.keys.create({ name: "ci", scopes: ["read"] })
  const program = new PuntiniClient({ baseUrl: server.url, credential: { apiKey: made.key } })
  let signedOut = false
  program.onSignedOut(() => (signedOut = true))

  const { total } = await program.sessions.list()
  await expect(program.sessions.create()).rejects.toMatchObject({ status: 403 })
  await client.auth.keys.revoke(made.key_id)
  await expect(program.sessions.list()).rejects.toMatchObject({ status: 401 })

  expect(total).toBe(0)
  expect(signedOut).toBe(true)
  expect((await client.auth.keys.list()).items[0]).toMatchObject({ key_id: made.key_id, revoked: true })
})

test("admins see users and what was done", async () => {
  const client = await loggedIn()
  await client.auth.register({ username: "bob", password: "quiet lamp under seven hats" })
  await client.users.update("bob", { disabled: true })

  const entries = []
  for await (const entry of client.audit.list({ limit: 2 })) entries.push(entry.what)

  expect((await client.users.list()).items.map((each) => [each.username, each.disabled])).toEqual([
    ["ann", false],
    ["bob", true],
  ])
  expect(entries).toEqual(expect.arrayContaining(["registered", "login"]))
})

test("a ticket opens the one stream that it is for", async () => {
  const client = await loggedIn()
  const { session_id } = await client.sessions.create()

  const { url } = await client.auth.ticket({ session_id })
  const answer = await fetch(new URL(url, server.url))

  expect(answer.headers.get("content-type")).toContain("text/event-stream")
  await answer.body?.cancel()
})

test("a stream goes on with the tokens that a refresh brought", async () => {
  const client = await loggedIn()
  const tokens = client.http.credential as { accessToken: string }
  const { session_id } = await client.sessions.create()
  tokens.accessToken = "not.good.anymore"
  const live = client.session(session_id)

  await live.waitFor((state) => state.ready)
  live.close()

  expect(tokens.accessToken).not.toBe("not.good.anymore")
})
