import { expect, test } from "vitest"
import type { PuntiniEvent } from "../../src/protocol.js"
import { activities, MOST_TASKS } from "../../src/views/activities.js"
import { MOST_BYTES, MOST_MESSAGES } from "../../src/views/messages.js"
import { MOST_UNDONE, SessionView } from "../../src/views/session.js"
import { MOST_ITEMS } from "../../src/views/work.js"
import { Log, node, ready } from "./saying.js"

function fold(...events: PuntiniEvent[]): SessionView {
  const view = new SessionView({ activities })
  for (const event of events) view.apply(event)
  return view
}

function texts({ state }: SessionView): string[] {
  return state.messages.map(({ content }) => content)
}

test("before anything is known of a session, it is empty and not ready", () => {
  const { state } = new SessionView({ activities })

  expect(state.ready).toBe(false)
  expect(state.messages).toEqual([])
  expect(fold(new Log().asked("m1")).state.ready).toBe(true)
  expect(fold(ready("e.0")).state.ready).toBe(true)
})

test("a part that did not change is the same object", () => {
  const log = new Log()
  const view = fold(log.started(), log.asked("m1"), log.drawn(node("a")), log.thought("Hm"))
  const before = view.state

  expect(view.state).toBe(before)
  view.apply(log.piece("m2", "Hi"))

  const { messages, cursor, ...after } = view.state
  expect(before).toMatchObject(after)
  for (const [name, part] of Object.entries(after))
    expect(part).toBe(Object.entries(before).find(([n]) => n === name)?.[1])
  expect(messages[0]).toBe(before.messages[0])
  expect(cursor).toBe("e.5")
})

test("what was read does not change, whatever comes", () => {
  const log = new Log()
  const view = fold(log.started(), log.drawn(node("a")), log.piece("m1", "He"), log.thought("Hm"))
  const { graph, messages, activities } = view.state

  for (const event of [log.drawn(node("b")), log.piece("m1", "llo", 2), log.thought(", well", 2)]) view.apply(event)

  expect([...graph.nodes.keys()]).toEqual(["a"])
  expect(messages[0]?.content).toBe("He")
  expect(activities.get("t1")?.items).toMatchObject([{ text: "Hm" }])
  expect([...view.state.graph.nodes.keys()]).toEqual(["a", "b"])
})

test("an event that was seen, or is not of the log, changes nothing", () => {
  const log = new Log()
  const said = [log.started(), log.piece("m1", "a"), log.piece("m1", "b", 1)]
  const view = fold(...said)
  const before = view.state

  for (const event of said) view.apply(event)
  view.apply({ type: "live", data: { cursor: "e.3" } })
  view.apply({ type: "agent_status", data: { agent: "dot", status: "busy" } })
  view.apply({ type: "error", data: {}, error: { code: 409, reason: "no", message: "No.", retryable: false } })

  expect(view.state).toBe(before)
})

test("an answer is partial until it is whole or its task has ended", () => {
  const log = new Log()
  const view = fold(log.started(), log.started("t2"), log.piece("m1", "a"), log.piece("m2", "b", 0, "t2"))
  expect(view.state.messages.map(({ partial }) => partial)).toEqual([true, true])

  view.apply(log.say("assistant_response", { message_id: "m1", text: "ab", chunk: false, offset: 0 }))
  view.apply(log.ended("t2"))

  expect(view.state.messages.map(({ partial }) => partial)).toEqual([false, false])
})

test("the newest thousand messages are kept, and so many bytes of text", () => {
  const log = new Log()
  const view = fold(...Array.from({ length: MOST_MESSAGES + 5 }, (_, at) => log.asked(`m${at}`)))
  expect([view.state.messages.length, view.state.messages[0]?.id]).toEqual([MOST_MESSAGES, "m5"])

  const almost = "x".repeat(MOST_BYTES - 1)
  for (const event of [log.piece("n", almost), log.piece("n", "é", MOST_BYTES - 1), log.piece("n", "!", MOST_BYTES)]) {
    view.apply(event)
  }
  expect(texts(view)).toEqual([almost])
})

test("what a dead attempt said is taken back, and the rest stands", () => {
  const log = new Log()
  const view = fold(
    log.asked("m1", "Go!"),
    log.started(),
    log.piece("m2", "Hel"),
    log.drawn(node("a")),
    log.thought("Hm"),
  )

  for (const event of [log.retracted(3, 5), log.piece("m3", "Well"), log.drawn(node("b"))]) view.apply(event)

  expect(view.stale).toBe(false)
  expect(texts(view)).toEqual(["Go!", "Well"])
  expect([...view.state.graph.nodes.keys()]).toEqual(["b"])
  expect(view.state.activities.get("t1")?.items).toMatchObject([{ kind: "retraction", attempt: 1 }])
})

test("a second crash takes back what the second attempt said, too", () => {
  const log = new Log()
  const view = fold(log.started(), log.piece("m1", "one"), log.retracted(2, 2), log.piece("m2", "two"))

  view.apply(log.retracted(4, 4))
  view.apply(log.piece("m3", "three"))

  expect(texts(view)).toEqual(["three"])
  expect(view.stale).toBe(false)
})

test("what was said before the snapshot can't be taken back: a new one is needed", () => {
  const log = new Log(10)
  const view = fold(ready("e.10", { tasks: [{ task_id: "t1", status: "running" }] }), log.piece("m1", "after"))
  view.apply(log.retracted(11, 11))
  expect([view.stale, texts(view)]).toEqual([false, []])

  view.apply(log.retracted(9, 12))
  expect(view.stale).toBe(true)

  view.apply(ready("e.13"))
  expect(view.stale).toBe(false)
})

test("what was seen while a snapshot was on its way is put on it", () => {
  const log = new Log(10)
  const running = { tasks: [{ task_id: "t1", status: "running" as const }] }
  const view = fold(
    ready("e.10", { ...running, messages: [{ id: "m1", role: "assistant", content: "void", timestamp: "" }] }),
  )
  view.apply(log.retracted(9, 10))
  const snapshot = ready("e.11", running)
  for (const event of [log.piece("m2", "Well"), log.piece("m3", "void"), log.retracted(13, 13)]) view.apply(event)

  view.apply(snapshot)

  expect([view.stale, texts(view), view.state.cursor]).toEqual([false, ["Well"], "e.14"])
})

test("a snapshot that was on its way while the last task ended is good all the same", () => {
  const log = new Log(10)
  const view = fold(ready("e.10", { tasks: [{ task_id: "t1", status: "running" }] }), log.retracted(9, 10))
  const snapshot = ready("e.11", { tasks: [{ task_id: "t1", status: "running" }] })
  for (const event of [log.piece("m1", "Well"), log.ended()]) view.apply(event)

  view.apply(snapshot)

  expect([view.stale, texts(view), view.state.tasks]).toEqual([false, ["Well"], []])
})

test("a snapshot from before what has to be undone does not undo it", () => {
  const log = new Log(10)
  const running = { tasks: [{ task_id: "t1", status: "running" as const }] }
  const view = fold(ready("e.10", running), log.piece("m1", "Hm"), log.retracted(9, 11))

  view.apply(ready("e.10", running))

  expect(view.stale).toBe(true)
})

test("a task that says more than can be remembered can only be undone as far as that", () => {
  const log = new Log()
  const view = fold(log.started())
  for (let at = 0; at < MOST_UNDONE; at++) view.apply(log.thought("x", at))
  const last = log.piece("m1", "void")
  view.apply(last)

  view.apply(log.retracted(log.seq, log.seq))
  expect([view.stale, texts(view)]).toEqual([false, []])

  view.apply(log.retracted(2, 2))
  expect(view.stale).toBe(true)
})

test("a snapshot replaces everything but the activities of tasks that ended", () => {
  const log = new Log()
  const view = fold(log.started(), log.thought("Hm"), log.ended(), log.started("t2"), log.thought("So", 0, "t2"))
  const approval = { approval_id: "a1", question: "May I?", options: ["yes"], tool_name: "", parameters: {} }
  const asked = {
    ...approval,
    response_schema: null,
    expires_at: "",
    task_id: "t2",
    agent: "dot",
    requested_at: "10:00",
  }

  view.apply(
    ready("e.9", {
      tasks: [{ task_id: "t2", status: "waiting", attempt: 2 }],
      approvals: [asked],
      plan: { current_plan: ["Ask."], last_reflection: "", task_id: "t2", updated_at: "10:00" },
    }),
  )

  const { activities, messages, approvals } = view.state
  expect(messages).toEqual([])
  expect(approvals).toEqual([asked])
  expect(activities.get("t1")).toMatchObject({ status: "completed", items: [{ text: "Hm", partial: false }] })
  expect(activities.get("t2")).toMatchObject({
    status: "waiting",
    attempt: 2,
    plan: { current_plan: ["Ask."] },
    items: [{ kind: "approval", id: "a1", request: approval, decision: "" }],
  })
})

test("a snapshot older than what was seen changes nothing, unless there was a gap", () => {
  const log = new Log()
  const view = fold(log.asked("m1", "one"), log.asked("m2", "two"))

  view.apply(ready("e.1"))
  expect(texts(view)).toEqual(["one", "two"])

  view.apply({ type: "gap", data: { requested: "e.2", resumed_at: "e.1", reason: "ahead_of_log" } })
  view.apply(ready("e.1"))
  expect(texts(view)).toEqual([])
  view.apply(new Log(1).asked("m3", "three"))
  expect(texts(view)).toEqual(["three"])
})

test("after a backup was restored nothing stays", () => {
  const log = new Log()
  const view = fold(log.started(), log.thought("Hm"), log.ended())

  view.apply(ready("another.2"))

  expect(view.state.activities.size).toBe(0)
  expect(view.state.cursor).toBe("another.2")
})

test("an activity tells what was thought, called, asked and done, in the order in which it began", () => {
  const log = new Log()
  const request = { approval_id: "a1", question: "May I?", options: ["yes", "no"] }
  const call = { call_id: "c1", tool_name: "find" }
  const { state } = fold(
    log.started(),
    log.thought("😀 Hm"),
    log.say("tool_call", { ...call, status: "started", parameters: { n: 1 } }),
    log.thought(", well", 4),
    log.say("tool_call", { ...call, status: "succeeded", parameters: {}, result: [1], duration_seconds: 0.5 }),
    log.say("approval_request", request),
    log.say("approval_resolved", { approval_id: "a1", decision: "answered", by: "ada", value: "yes" }),
    log.say("step", { step_number: 1, name: "look", success: true, duration_seconds: 1, tool_calls: [] }),
    log.say("workflow_update", { to_agent: "dash", reason: "paint" }),
    log.say("plan_update", { current_plan: ["Look."] }),
    log.say("task_progress", { status: "running", progress: 0.5, steps_taken: 1, detail: "painting" }),
    log.ended(),
  )

  expect(state.activities.get("t1")).toMatchObject({
    task_id: "t1",
    agent: "dot",
    status: "completed",
    attempt: 1,
    progress: 0.5,
    steps_taken: 1,
    duration_seconds: 1,
    usage: { output_tokens: 2 },
    plan: { current_plan: ["Look."] },
    items: [
      { kind: "reasoning", text: "😀 Hm, well", partial: false },
      { kind: "tool", id: "c1", status: "succeeded", parameters: { n: 1 }, result: [1], duration_seconds: 0.5 },
      { kind: "approval", id: "a1", request, decision: "answered", by: "ada", value: "yes" },
      { kind: "step", step_number: 1, name: "look" },
      { kind: "hand_off", from_agent: "dot", to_agent: "dash", reason: "paint" },
    ],
  })
})

test("of many tasks, and of many items, the newest are kept", () => {
  const log = new Log()
  const view = new SessionView({ activities })
  for (let at = 0; at <= MOST_TASKS; at++)
    for (const event of [log.started(`t${at}`), log.ended(`t${at}`)]) view.apply(event)
  for (let at = 0; at <= MOST_ITEMS; at++) {
    view.apply(
      log.say("step", { step_number: at, name: "x", success: true, duration_seconds: 0, tool_calls: [] }, "busy"),
    )
  }

  const kept = view.state.activities
  expect(kept.size).toBe(MOST_TASKS)
  expect(kept.has("t1")).toBe(false)
  const items = kept.get("busy")?.items ?? []
  expect([items.length, items[0]]).toMatchObject([MOST_ITEMS, { step_number: 1 }])
})

test("removing many nodes takes their edges along, but not those that are tied anew", () => {
  const edge = (id: string, source: string, target: string) => ({
    action: "add_edge" as const,
    edge: { id, label: "TO", source, target, props: {} },
  })
  const log = new Log()
  const view = fold(
    log.drawn(node("a"), node("b"), node("c"), edge("x", "a", "b"), edge("y", "b", "c")),
    log.drawn({ action: "remove_node", id: "a" }, node("a"), edge("z", "a", "c"), { action: "remove_node", id: "b" }),
  )

  expect([...view.state.graph.edges.keys()]).toEqual(["z"])
})
