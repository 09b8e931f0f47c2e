import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest"
import { PuntiniClient, type LiveOptions, type LiveSession } from "../../src/index.js"
import { activities } from "../../src/activities.js"
import { websocket } from "../../src/websocket.js"
import { Server } from "./server.js"

let server: Server
let client: PuntiniClient

beforeAll(async () => {
  server = await Server.start("--agent", "puntini", "--agent", "shop=examples.langgraph_agent:graph")
  client = new PuntiniClient({ baseUrl: server.url, websocket })
})

afterAll(() => server.remove())

async function opened(options?: LiveOptions): Promise<LiveSession> {
  const { session_id } = await client.sessions.create()
  return following(session_id, options)
}

function following(id: string, options?: LiveOptions): LiveSession {
  const live = client.session(id, options)
  onTestFinished(() => live.close())
  return live
}

test("a prompt is answered, and the state holds both", async () => {
  const live = await opened()

  const { task_id } = await live.send("play 30 events", { agent: "scripted" })
  const result = await live.task(task_id ?? "")
  await live.waitFor((state) => state.tasks.length === 0)

  expect(result.status).toBe("completed")
  expect(live.state.messages[0]).toMatchObject({ role: "user", content: "play 30 events" })
  expect(live.state.messages[1]?.role).toBe("assistant")
  expect(live.state.graph.nodes.size).toBeGreaterThan(0)
})

test("the same command id does nothing twice", async () => {
  const live = await opened()
  const options = { agent: "scripted", commandId: "c1" }

  const once = await live.send("play 5 events", options)
  const twice = await live.send("play 5 events", options)

  expect(twice.task_id).toBe(once.task_id)
})

test("commands go through a WebSocket where there is one", async () => {
  const live = await opened({ transport: "websocket" })
  await live.waitFor((state) => state.ready)

  const { task_id } = await live.send("play 5 events", { agent: "scripted" })

  expect(live.connection.transport).toBe("websocket")
  expect((await live.task(task_id ?? "")).success).toBe(true)
})

test("a task is paused, resumed and stopped", async () => {
  const live = await opened()
  const { task_id: id = "" } = await live.send("play 100000 events every 2 ms", { agent: "scripted" })
  await live.waitFor((state) => state.tasks.some((task) => task.status === "running"))

  await live.pause(id)
  await live.waitFor((state) => state.tasks.some((task) => task.status === "paused"))
  await live.resume(id)
  await live.waitFor((state) => state.tasks.some((task) => task.status === "running"))
  await live.stop(id)

  expect((await live.task(id)).status).toBe("cancelled")
})

test("what an agent asks is decided", async () => {
  const live = await opened()
  const { task_id = "" } = await live.send("a lamp", { agent: "shop" })
  const { approvals } = await live.waitFor((state) => state.approvals.length > 0)

  for (const each of approvals) await live.approve(each.approval_id, "approved")
  const result = await live.task(task_id)

  expect(approvals.map((each) => each.question)).toEqual(["Shall I order a lamp for 40 euros?"])
  expect(result.final_answer).toContain("It is ordered.")
  await live.waitFor((state) => state.approvals.length === 0)
})

test("the graph is edited, and others see it", async () => {
  const live = await opened()
  const other = following(live.id)
  await live.waitFor((state) => state.ready)

  await live.editGraph([{ action: "add_node", node: { id: "n1", label: "City", key: "rome" } }])
  const { graph } = await other.waitFor((state) => state.graph.nodes.size === 1)

  expect(graph.nodes.get("n1")?.key).toBe("rome")
})

test("a refused command is an error that says why", async () => {
  const live = await opened()

  await expect(live.action("press")).rejects.toMatchObject({ status: 409 })
})

test("who comes later has the whole history, where it is short", async () => {
  const first = await opened({ activities })
  const { task_id = "" } = await first.send("play 60 events", { agent: "scripted" })
  await first.task(task_id)
  const told = await first.waitFor((state) => state.tasks.length === 0)

  const later = following(first.id, { history: "auto", activities })
  const known = await later.waitFor((state) => state.activities.size > 0)
  await later.send("play 30 events", { agent: "scripted" })
  const grown = await later.waitFor((state) => state.activities.size > 1)

  expect([known.cursor, known.messages]).toEqual([told.cursor, told.messages])
  expect(known.activities).toEqual(told.activities)
  expect(grown.messages.length).toBeGreaterThan(told.messages.length)
})

test("older messages are asked for when they are wanted", async () => {
  const live = await opened()
  const { task_id = "" } = await live.send("play 30 events", { agent: "scripted" })
  await live.task(task_id)
  const last = (await client.sessions.messages(live.id)).items.at(-1)

  const before = await live.history({ before: last?.id ?? "" })

  expect(before.items.at(-1)?.content).toBe("play 30 events")
})

test("waiting ends with the signal, and with the session", async () => {
  const live = await opened()
  await live.waitFor((state) => state.ready)

  const aborted = live.waitFor(() => false, { signal: AbortSignal.timeout(20) })
  await expect(aborted).rejects.toMatchObject({ name: "TimeoutError" })
  const forever = expect(live.waitFor(() => false)).rejects.toMatchObject({ code: "closed" })
  await live.closeSession("done")
  await forever

  expect(live.state.status).toBe("closed")
})
