import { expect, test } from "vitest"
import { PuntiniClient, type Credential, type Tokens } from "../src/index.js"
import { answering, json, refuse } from "./answering.js"

/** A server that takes the tokens `access-1`, `access-2` … in turn: each until the next is asked for by its refresh token. */
async function withTokens() {
  const state = { good: 1, refreshes: [] as string[], asked: [] as string[], ended: false }
  const baseUrl = await answering((request, response) => {
    if (request.url === "/v1/token/refresh") {
      const { refresh_token: token } = JSON.parse(request.said) as { refresh_token: string }
      state.refreshes.push(token)
      if (state.ended || token !== `refresh-${state.good}`) return refuse(response, state.ended ? 401 : 409, "refused")
      state.good++
      const made = { access_token: `access-${state.good}`, refresh_token: `refresh-${state.good}` }
      return json(response, 200, { ...made, token_type: "Bearer", expires_in: 3_600 })
    }
    state.asked.push(request.headers.authorization ?? String(request.headers["x-api-key"] ?? ""))
    if (request.headers.authorization === `Bearer access-${state.good}`) return json(response, 200, { username: "ann" })
    return refuse(response, 401, "unauthorized")
  })
  return { state, baseUrl }
}

test("many requests with a token that has ended refresh it once", async () => {
  const { state, baseUrl } = await withTokens()
  const told: Tokens[] = []
  const credential = { accessToken: "old", refreshToken: "refresh-1", onRefresh: (tokens: Tokens) => told.push(tokens) }
  const client = new PuntiniClient({ baseUrl, credential })

  const all = await Promise.all(Array.from({ length: 20 }, () => client.auth.me()))

  expect(all.map((each) => each.username)).toEqual(Array(20).fill("ann"))
  expect(state.refreshes).toEqual(["refresh-1"])
  expect(told).toEqual([{ accessToken: "access-2", refreshToken: "refresh-2" }])
  expect(credential).toMatchObject({ accessToken: "access-2", refreshToken: "refresh-2" })
})

test("a token that says when it ends is refreshed before that", async () => {
  const { state, baseUrl } = await withTokens()
  const exp = Math.floor(Date.now() / 1_000) + 10
  const accessToken = `x.${Buffer.from(JSON.stringify({ sub: "ann", exp })).toString("base64url")}.x`

  await new PuntiniClient({ baseUrl, credential: { accessToken, refreshToken: "refresh-1" } }).auth.me()

  expect(state.asked).toEqual(["Bearer access-2"])
})

test("where another tab has refreshed, its tokens are gone on with", async () => {
  const { state, baseUrl } = await withTokens()
  state.good = 2
  // What several tabs share.
  const kept: Record<string, string> = { access: "access-1", refresh: "refresh-1" }
  const credential = {
    get accessToken() {
      return kept["access"] ?? ""
    },
    get refreshToken() {
      return kept["refresh"] ?? ""
    },
  }
  const client = new PuntiniClient({ baseUrl, credential })

  const asked = client.auth.me()
  const other = setInterval(() => {
    if (state.refreshes.length) Object.assign(kept, { access: "access-2", refresh: "refresh-2" })
  }, 5)
  await asked.finally(() => clearInterval(other))

  expect(state.refreshes).toEqual(["refresh-1"])
  expect(state.asked).toEqual(["Bearer access-1", "Bearer access-2"])
})

test("when the log-in has ended, listeners are told once, and requests are refused", async () => {
  const { state, baseUrl } = await withTokens()
  state.ended = true
  const client = new PuntiniClient({ baseUrl, credential: { accessToken: "old", refreshToken: "refresh-1" } })
  let signedOut = 0
  client.onSignedOut(() => signedOut++)

  const all = await Promise.allSettled([client.auth.me(), client.auth.me(), client.auth.check()])

  expect(all.map((each) => each.status)).toEqual(["rejected", "rejected", "rejected"])
  expect(signedOut).toBe(1)
})

test("a function is asked again when what it gave is refused", async () => {
  const { state, baseUrl } = await withTokens()
  let given = 0
  const credential: Credential = async () => ({ accessToken: `access-${given++}` })
  const client = new PuntiniClient({ baseUrl, credential })

  await Promise.all([client.auth.me(), client.auth.me()])
  await client.auth.me()

  expect(given).toBe(2)
  expect(state.asked.filter((each) => each === "Bearer access-1")).toHaveLength(3)
})

test("an API key goes into its header, and never into an address", async () => {
  const seen: (string | undefined)[] = []
  const baseUrl = await answering((request, response) => {
    seen.push(request.url, String(request.headers["x-api-key"]))
    json(response, 200, {})
  })
  const client = new PuntiniClient({ baseUrl, credential: { apiKey: "pk_1_secret" } })

  await client.status()

  expect(seen).toEqual(["/v1/status", "pk_1_secret"])
  expect(await client.http.subprotocols()).toEqual(["apikey.pk_1_secret"])
})

test("errors hold no credential", async () => {
  const client = new PuntiniClient({ baseUrl: "http://127.0.0.1:1", credential: { apiKey: "pk_1_secret" } })

  const failure = await client.auth.keys.create({ name: "ci" }).catch((error: unknown) => error)

  const { inspect } = await import("node:util")
  expect(inspect(failure, { depth: 10 }) + JSON.stringify(failure)).not.toContain("secret")
})
