import type { ServerResponse } from "node:http"
import { expect, onTestFinished, test } from "vitest"
import { PuntiniClient } from "../src/index.js"
import { answering, json } from "./answering.js"

const TASK = { task_id: "tsk_1", status: "running", prompt: "", agent: "puntini", attempt: 1 }

/** A snapshot of a session in which a task runs. */
function snapshot(cursor: string, content: string) {
  const message = { id: "msg_1", role: "assistant", content, timestamp: "2026-11-21T10:00:00.000Z" }
  const rest = { initial_graph: { version: 0, nodes: [], edges: [] }, messages: [message], state: null, tasks: [TASK] }
  const data = { session_id: "ses_1", status: "active", agent: "puntini", cursor, ...rest }
  return { type: "session_ready", session_id: "ses_1", data }
}

function say(response: ServerResponse, event: { type: string; id?: string }) {
  response.write(`${event.id ? `id: ${event.id}\n` : ""}event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
}

test("what can't be undone from what was seen is asked for anew", async () => {
  const retracted = { attempt: 1, from_id: "e.5", to_id: "e.9" }
  const envelope = { session_id: "ses_1", task_id: "tsk_1", timestamp: "2026-11-21T10:00:01.000Z" }
  const baseUrl = await answering((request, response) => {
    if (request.headers.accept === "application/json") {
      return json(response, 200, { events: [snapshot("e.11", "as it is")], next: "e.11", live: true, ended: false })
    }
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": puntini\n\n")
    say(response, snapshot("e.10", "in vain"))
    return say(response, { type: "task_retracted", id: "e.11", ...envelope, data: retracted } as { type: string })
  })
  const live = new PuntiniClient({ baseUrl }).session("ses_1")
  onTestFinished(() => live.close())

  const { messages } = await live.waitFor((state) => state.messages[0]?.content === "as it is")

  expect(messages).toHaveLength(1)
})

test("a command waits for a server that is away, as a proxy before it says", async () => {
  const ids: unknown[] = []
  const baseUrl = await answering((request, response) => {
    if (request.method === "POST") {
      const { command_id } = JSON.parse(request.said)
      ids.push(command_id)
      if (ids.length > 4) return json(response, 202, { command_id, cursor: "e.11" })
      return response.writeHead(502).end("<html>Bad Gateway</html>")
    }
    response.writeHead(200, { "content-type": "text/event-stream" }).write(": puntini\n\n")
    return say(response, snapshot("e.10", ""))
  })
  const live = new PuntiniClient({ baseUrl }).session("ses_1")
  onTestFinished(() => live.close())

  await live.send("Are you there?", { commandId: "cmd_1" })

  expect(ids).toEqual(Array(5).fill("cmd_1"))
})

test("a session that there is not ends the waiting with the reason", async () => {
  const baseUrl = await answering((_, response) =>
    json(response, 404, { status: 404, code: "not_found", detail: "There is no such session." }),
  )
  const live = new PuntiniClient({ baseUrl }).session("ses_1")

  await expect(live.waitFor((state) => state.ready)).rejects.toThrow("There is no such session.")
})
