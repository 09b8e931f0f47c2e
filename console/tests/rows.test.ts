import type { Activity, MessageView, SessionState } from "@puntini/client"
import { expect, test } from "vitest"
import { joined } from "../src/chat/joined"
import type { Decision } from "../src/chat/decisions"
import { rows } from "../src/chat/rows"

function message(id: string, role: MessageView["role"], task_id: string): MessageView {
  return { id, role, task_id, content: id, timestamp: "", partial: false }
}

const NONE = { tasks: [], activities: new Map() } satisfies Pick<SessionState, "tasks" | "activities">

test("what was done stands below the last that was said for a task", () => {
  const messages = [
    message("ask", "user", "t1"),
    message("ask more", "user", "t2"),
    message("answer", "assistant", "t1"),
  ]
  expect(rows(messages, NONE).map(({ key }) => key)).toEqual(["ask", "ask more", "work t2", "answer", "work t1"])
})

test("a decision stands where it was asked for, above the answer that came after it", () => {
  const messages = ["1", "2", "4"].map((timestamp, at) => ({
    ...message(timestamp, at === 2 ? "assistant" : "user", "t1"),
    timestamp,
  }))
  const keys = rows(messages, NONE, [decision("early", "0"), decision("b", "3"), decision("c", "5")])
  expect(keys.map(({ key }) => key)).toEqual(["decision early", "1", "2", "decision b", "4", "work t1", "decision c"])
})

test("messages of no task stand by themselves", () => {
  expect(rows([message("a", "user", ""), message("b", "user", "")], NONE)).toHaveLength(2)
})

test("a task of which nothing is in sight stands at the end as long as it is open", () => {
  const task = { task_id: "t9", status: "running" } as const
  const state = { tasks: [task], activities: new Map([["t9", activity()]]) }
  expect(rows([], state).map(({ key }) => key)).toEqual(["work t9"])
})

test("what was read and what was followed are one", () => {
  const read = activity(["a", "b"])
  const followed = activity(["b", "c"])
  expect(joined(read, followed)?.items.map(({ id }) => id)).toEqual(["a", "b", "c"])
  expect(joined(undefined, followed)).toBe(followed)
  expect(joined(read, undefined)).toBe(read)
})

function activity(steps: readonly string[] = []): Activity {
  const items = steps.map(
    (id) => ({ kind: "step", id, agent: "", step_number: 1, name: id, success: true, duration_seconds: 0 }) as const,
  )
  const times = { started_at: "", ended_at: "", duration_seconds: null, usage: null }
  const rest = { agent: "", attempt: 1, plan: null, progress: null, detail: "", steps_taken: 0, error: "" }
  return { task_id: "t9", status: "running", items, ...rest, ...times }
}

function decision(id: string, askedAt: string): Decision {
  const request = { approval_id: id, question: "May I?", options: ["approve", "deny"] }
  const item = { kind: "approval", id, agent: "a", request, decision: "approved", by: "me", value: null } as const
  return { item, askedAt, decidedBy: "" }
}
