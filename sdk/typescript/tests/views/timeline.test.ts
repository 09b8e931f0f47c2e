import { expect, test } from "vitest"
import type { PuntiniEvent } from "../../src/protocol.js"
import { activities } from "../../src/views/activities.js"
import { SessionView } from "../../src/views/session.js"
import { MOST_EVENTS, Timeline } from "../../src/views/timeline.js"
import { Log, node, ready } from "./saying.js"

function timeline(...events: PuntiniEvent[]): Timeline {
  const made = new Timeline()
  made.add(events)
  return made
}

function texts(timeline: Timeline, index: number): string[] {
  return timeline.at(index).messages.map(({ content }) => content)
}

test("any moment can be seen, forwards, backwards and beyond the ends", () => {
  const log = new Log()
  const travel = timeline(log.asked("m1", "one"), log.asked("m2", "two"), log.asked("m3", "three"))

  expect(texts(travel, 2)).toEqual(["one", "two", "three"])
  expect(texts(travel, 0)).toEqual(["one"])
  expect(texts(travel, 1)).toEqual(["one", "two"])
  expect(texts(travel, -1)).toEqual([])
  expect(texts(travel, 99)).toEqual(["one", "two", "three"])
  expect([travel.first, travel.length, travel.indexOf("e.2"), travel.event(1)?.type]).toEqual([0, 3, 1, "user_prompt"])
})

test("before something is taken back it is seen, and after that no more", () => {
  const log = new Log()
  const travel = timeline(log.started(), log.piece("m1", "void"), log.asked("m2"), log.retracted(2, 2), log.asked("m3"))

  expect(texts(travel, 2)).toEqual(["void", "?"])
  expect(texts(travel, 3)).toEqual(["?"])
  expect(texts(travel, 4)).toEqual(["?", "?"])
  expect(texts(travel, 1)).toEqual(["void"])
})

test("a long log shows at each moment what a view saw then", () => {
  const log = new Log()
  const view = new SessionView({ activities })
  const events = [log.started()]
  for (let at = 0; at < 1_500; at++) {
    events.push(at % 3 ? log.thought("x", at) : log.drawn(node(`n${at}`)))
    if (at % 400 === 399) events.push(log.retracted(log.seq - 250, log.seq - 5))
  }
  const seen = events.map((event) => {
    view.apply(event)
    return view.state
  })
  const travel = timeline(...events)

  for (const index of [1_499, 0, 399, 401, 400, 256, 255, 700, 1_205, 1_206, 900]) {
    const shown = travel.at(index)
    expect(shown.graph).toEqual(seen[index]?.graph)
    expect(shown.activities).toEqual(seen[index]?.activities)
  }
})

test("events come in parts, and what comes again is passed over", () => {
  const log = new Log()
  const events = [log.asked("m1", "one"), log.asked("m2", "two"), log.asked("m3", "three")]
  const travel = timeline(...events.slice(0, 2))
  travel.at(1)

  travel.add(events)
  travel.add([{ type: "live", data: { cursor: "e.3" } }])

  expect(travel.length).toBe(3)
  expect(texts(travel, 2)).toEqual(["one", "two", "three"])
})

test("a log that is no longer whole begins with a snapshot", () => {
  const log = new Log(5)
  const message = { id: "m1", role: "user" as const, content: "before", timestamp: "10:00" }
  const travel = timeline(ready("e.5", { messages: [message] }), log.asked("m2", "after"))

  expect(texts(travel, -1)).toEqual(["before"])
  expect(texts(travel, 0)).toEqual(["before", "after"])
  expect(texts(travel, -1)).toEqual(["before"])
})

test("of a very long log the oldest events are folded into the beginning", { timeout: 20_000 }, () => {
  const step = new Log().say("task_progress", { status: "running" })
  const events = Array.from({ length: MOST_EVENTS }, (_, at) => ({ ...step, id: `e.${at + 1}` }))
  const travel = timeline(...events.slice(0, 100))
  travel.add(events)
  expect(travel.first).toBe(0)

  const log = new Log(MOST_EVENTS)
  travel.add([log.asked("m1", "last")])

  expect(travel.first).toBe(MOST_EVENTS / 10)
  expect(travel.length).toBe(MOST_EVENTS + 1)
  expect(travel.event(travel.first - 1)).toBeUndefined()
  expect(travel.at(0).cursor).toBe(`e.${MOST_EVENTS / 10}`)
  expect(travel.at(travel.first).cursor).toBe(`e.${MOST_EVENTS / 10 + 1}`)
  expect(texts(travel, MOST_EVENTS)).toEqual(["last"])
})
