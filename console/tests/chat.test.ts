import { afterEach, expect, it, vi } from "vitest"
import { Archive } from "../src/chat/archive"
import { Earlier } from "../src/chat/earlier"

/** A server that answers when it is told to. */
function answering(): (body: object) => Promise<void> {
  const waiting: ((answer: Response) => void)[] = []
  vi.stubGlobal("fetch", () => new Promise<Response>((resolve) => waiting.push(resolve)))
  return async (body) => {
    await vi.waitFor(() => expect(waiting).toHaveLength(1))
    waiting.pop()?.(Response.json(body))
  }
}

afterEach(() => vi.unstubAllGlobals())

it("shows no earlier messages that were asked for before another snapshot came", async () => {
  const answer = answering()
  const earlier = new Earlier("ses_1")
  earlier.begin(100)
  const loaded = earlier.load("msg_9")

  earlier.begin(100)
  await answer({ items: [{ id: "msg_8", role: "user", content: "Long ago", timestamp: "" }] })
  await loaded

  expect(earlier.messages.value).toEqual([])
  expect([earlier.more.value, earlier.busy.value]).toEqual([true, false])
})

it("does not show what a task did when that was taken back while it was read", async () => {
  const answer = answering()
  const archive = new Archive()
  const loaded = archive.load("tsk_1")
  const thought = { type: "reasoning", id: "e.1", session_id: "s", task_id: "tsk_1", timestamp: "" }

  archive.forget("tsk_1")
  await answer({ events: [{ ...thought, data: { text: "Void", chunk: false, offset: 0 } }], next: "e.1", live: true })
  await loaded

  expect(archive.of("tsk_1").value).toEqual({ busy: false, problem: "" })
  expect(archive.missed("tsk_1")).toBe(true)
})
