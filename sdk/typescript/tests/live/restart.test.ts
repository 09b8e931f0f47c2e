import { afterAll, beforeAll, expect, test } from "vitest"
import { PuntiniClient } from "../../src/index.js"
import { Server } from "./server.js"

let server: Server
let client: PuntiniClient

beforeAll(async () => {
  server = await Server.start("--agent", "scripted")
  client = new PuntiniClient({ baseUrl: server.url })
})

afterAll(() => server.remove())

test("a chat goes on over a restart in the middle of its answer, without loss or repeat", async () => {
  const chat = client.chat("play 400 events every 3 ms", { agent: "scripted" })

  let text = ""
  let restarted: Promise<void> | undefined
  for await (const piece of chat.text()) {
    text += piece
    restarted ??= server.stop().then(() => server.start())
  }
  await restarted
  const { sessionId } = await chat.begun
  const { items } = await client.sessions.messages(sessionId)

  expect((await chat.result()).status).toBe("completed")
  const answers = items.filter((each) => each.role === "assistant").map((each) => each.content)
  expect(text).toBe(answers.join("\n\n"))
}, 30_000)

test("a command that is sent while the server is away is done once, when it is back", async () => {
  const { session_id } = await client.sessions.create()
  const live = client.session(session_id)
  await live.waitFor((state) => state.ready)

  await server.stop()
  const [{ task_id = "" }] = await Promise.all([live.send("play 30 events", { agent: "scripted" }), server.start()])
  await live.task(task_id)
  live.close()

  expect((await client.tasks.list({ session_id, status: "all" })).total).toBe(1)
}, 30_000)
