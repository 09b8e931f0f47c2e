import { afterAll, beforeAll, expect, test } from "vitest"
import { PuntiniClient, type PuntiniEvent } from "../../src/index.js"
import { Server } from "./server.js"

let server: Server
let client: PuntiniClient

beforeAll(async () => {
  server = await Server.start("--agent", "scripted")
  client = new PuntiniClient({ baseUrl: server.url })
})

afterAll(() => server.remove())

test("sessions are made, listed, changed and removed", async () => {
  const made = await client.sessions.create({ title: "A trip" })
  await client.sessions.update(made.session_id, { title: "A long trip" })

  const found = []
  for await (const each of client.sessions.list({ limit: 2 })) found.push(each.session_id)
  const again = await client.sessions.get(made.session_id)
  const { total } = await client.sessions.stats()
  await client.sessions.delete(made.session_id)

  expect(found).toContain(made.session_id)
  expect(again.title).toBe("A long trip")
  expect(total).toBeGreaterThan(0)
  await expect(client.sessions.get(made.session_id)).rejects.toMatchObject({ status: 404, code: "not_found" })
})

test("a repeat with the same key makes nothing twice", async () => {
  const once = await client.sessions.create({}, { idempotencyKey: "trip-1" })
  const twice = await client.sessions.create({}, { idempotencyKey: "trip-1" })

  expect(twice.session_id).toBe(once.session_id)
})

test("a graph goes in, and comes out as JSON, as GraphML and in parts", async () => {
  const { session_id: id } = await client.sessions.create()
  const city = (key: string) => ({ id: key, label: "City", key, props: {} })
  const { graph } = client.sessions
  await graph.import(id, {
    nodes: [city("rome"), city("paris")],
    edges: [{ id: "e1", label: "ROAD", source: "rome", target: "paris", props: {} }],
  })

  const text = await graph.graphml(id)
  const { session_id: other } = await client.sessions.create()
  await graph.import(other, text, { mode: "replace" })

  expect((await graph.get(other)).nodes.map((each) => each.key)).toEqual(["rome", "paris"])
  expect((await graph.query(id, { text: "rom" })).items[0]?.id).toBe("rome")
  expect((await graph.neighbourhood(id, "City:rome")).nodes).toHaveLength(2)
  expect((await graph.path(id, "rome", "paris")).forward).toEqual([true])
})

test("a task is handed in, followed to its end, and looked at", async () => {
  const { task_id: id } = await client.tasks.submit({ task: "play 40 events" })

  const types = new Set<string>()
  for await (const event of client.tasks.stream(id)) types.add(event.type)
  const result = await client.tasks.result(id)
  const { session_id } = await client.tasks.get(id)
  const again: PuntiniEvent[] = []
  for await (const event of client.tasks.events(id, { limit: 7 })) again.push(event)
  const steps = await client.tasks.steps(id)

  expect(types).toContain("task_completed")
  expect(result).toMatchObject({ success: true, status: "completed" })
  expect(again.filter((each) => each.type === "task_completed")).toHaveLength(1)
  expect(steps.items.length).toBe(steps.total)
  expect((await client.tasks.list({ session_id })).items.map((each) => each.task_id)).toEqual([id])
  expect((await client.analytics.task(id)).status).toBe("completed")
})

test("a log is read page by page, from any of its events", async () => {
  const { task_id, session_id } = await finished("play 30 events")

  const all = []
  for await (const event of client.sessions.events(session_id, { limit: 10 })) if ("id" in event) all.push(event.id)
  const page = await client.sessions.events(session_id, { after: all[4] ?? "", limit: 3 })

  expect(task_id).toMatch(/^tsk_/)
  expect(all.map((id) => Number(id?.split(".")[1]))).toEqual(all.map((_, index) => index + 1))
  expect(page.events.map((each) => "id" in each && each.id)).toEqual(all.slice(5, 8))
})

test("a session is forked, with what was there at an event", async () => {
  const { session_id } = await finished("play 20 events")
  const messages = await client.sessions.messages(session_id)
  const { id } = (await client.sessions.events(session_id, { limit: 1 })).events[0] as { id: string }

  const fork = await client.sessions.fork(session_id, { at: id, title: "What if" })

  expect(fork.title).toBe("What if")
  expect((await client.sessions.messages(fork.session_id)).total).toBeLessThan(messages.total)
})

test("a chat streams its text, and has a result", async () => {
  const chat = client.chat("play 120 events every 1 ms", { agent: "scripted" })

  let text = ""
  for await (const piece of chat.text()) text += piece
  const { sessionId } = await chat.begun
  const result = await chat.result()
  const { items } = await client.sessions.messages(sessionId)

  expect(result.status).toBe("completed")
  const answers = items.filter((each) => each.role === "assistant").map((each) => each.content)
  expect(text).toBe(answers.join("\n\n"))
})

test("a chat that is asked again with its key is the same task", async () => {
  const options = { agent: "scripted", idempotencyKey: "question-1" }
  const one = client.chat("play 10 events", options)
  const other = client.chat("play 10 events", options)

  expect((await one.begun).taskId).toBe((await other.begun).taskId)
  expect((await other.result()).success).toBe(true)
})

test("a chat can be stopped, and leaving it stops nothing", async () => {
  const left = client.chat("play 100000 events every 5 ms", { agent: "scripted" })
  for await (const event of left) if (event.type === "debug") break
  const { taskId } = await left.begun
  const whileLeft = await client.tasks.get(taskId)

  await left.stop()

  expect(whileLeft.status).toBe("running")
  expect((await left.result()).status).toBe("cancelled")
})

test("what a server has beside sessions is asked for by subject", async () => {
  const { document_id } = await client.documents.create({ title: "Cats", text: "The cat sat on the mat." })
  const template = await client.templates.create({ title: "Move", tasks: [{ id: "boxes", title: "Pack" }] })
  const started = await client.templates.start(template.template_id, { run: false })
  const said = await client.agents.say("scripted", "play 5 events")

  expect((await client.search("cat")).items[0]?.document_id).toBe(document_id)
  expect((await client.templates.list({ q: "move" })).items[0]?.title).toBe("Move")
  expect(started.plan).toEqual(["Pack"])
  expect(said.task_id).toMatch(/^tsk_/)
  expect((await client.agents.list()).items.map((each) => each.name)).toContain("scripted")
  expect((await client.agents.status("scripted")).agent_id).toBe("scripted")
  expect((await client.tools()).items.length).toBeGreaterThan(0)
  expect((await client.status()).api).toBe("ok")
  expect((await client.analytics.overview({ from: "1h", interval: "hour" })).interval).toBe("hour")
  expect((await client.analytics.performance()).report.now.executions).toBeGreaterThanOrEqual(0)
  expect((await client.analytics.trending({ limit: 3 })).trends.asked.length).toBeLessThanOrEqual(3)
  await client.documents.delete(document_id)
  await client.templates.delete(template.template_id)
})

async function finished(task: string) {
  const { task_id } = await client.tasks.submit({ task })
  for await (const _ of client.tasks.stream(task_id));
  return client.tasks.get(task_id)
}
