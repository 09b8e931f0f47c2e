import { MOST_AGENTS, DETAIL_SHOWN } from "../../src/views/agents.js"
import { MOST_ASKED } from "../../src/views/approvals.js"
import { MOST_EDGES, MOST_NODES } from "../../src/views/graph.js"
import { MOST_BYTES, MOST_MESSAGES } from "../../src/views/messages.js"
import { MOST_DEPTH, patched, PatchFailed } from "../../src/views/patch.js"
import { MOST_STATE } from "../../src/views/state.js"
import { MOST_OPEN, PROMPT_SHOWN } from "../../src/views/tasks.js"
import { describe, expect, test } from "vitest"
import { activities } from "../../src/views/activities.js"
import { SessionView } from "../../src/views/session.js"
import { Timeline } from "../../src/views/timeline.js"
import { plain, shown, told, vectors, work, type Seen } from "./vectors.js"

describe.each(vectors.logs)("the log with seed $seed", ({ events, seen, calm }) => {
  function expectSeen(state: SessionView["state"], { ready, work: works }: Seen) {
    expect(plain(shown(state))).toEqual(plain(told(ready)))
    const done = Object.keys(works).map((task) => [task, work(state.activities.get(task))])
    expect(plain(Object.fromEntries(done))).toEqual(plain(works))
  }

  function apply(view: SessionView, after: number, upTo: number) {
    for (const event of events.slice(after, upTo)) view.apply(event)
  }

  test("is folded as the server folds it, until it needs a new snapshot", () => {
    const view = new SessionView({ activities })
    let at = 0
    for (const each of seen) {
      apply(view, at, (at = each.after))
      if (view.stale) break
      expectSeen(view.state, each)
    }
  })

  test("is what its timeline shows, wherever one looks", () => {
    const timeline = new Timeline()
    timeline.add(events)
    for (const each of [...seen, ...seen.toReversed()]) expectSeen(timeline.at(each.after - 1), each)
  })

  test.runIf(calm)("is the same when it is taken up from any snapshot", () => {
    for (const start of seen) {
      const view = new SessionView({ activities })
      view.apply(start.ready)
      let at = start.after
      for (const { after, ready } of seen.filter((each) => each.after >= start.after)) {
        apply(view, at, (at = after))
        expect(plain(shown(view.state))).toEqual(plain(told(ready)))
      }
    }
  })
})

test("most logs in which something is taken back need no new snapshot", () => {
  const views = vectors.logs.map(({ events }) => {
    const view = new SessionView({ activities })
    for (const event of events) view.apply(event)
    return view
  })
  expect(views.filter((view) => view.stale).length).toBeLessThan(views.length / 2)
})

test("the bounds are those of the server", () => {
  expect(vectors.bounds).toEqual({
    messages: MOST_MESSAGES,
    message_bytes: MOST_BYTES,
    nodes: MOST_NODES,
    edges: MOST_EDGES,
    state_bytes: MOST_STATE,
    state_depth: MOST_DEPTH,
    tasks: MOST_OPEN,
    prompt: PROMPT_SHOWN,
    approvals: MOST_ASKED,
    agents: MOST_AGENTS,
    detail: DETAIL_SHOWN,
  })
})

test.each(vectors.patches)("a patch does what it does on the server: %#", ({ document, patch, result }) => {
  const before = plain(document)
  let found: unknown[]
  try {
    found = [patched(document, patch, MOST_STATE)[0]]
  } catch (error) {
    expect(error).toBeInstanceOf(PatchFailed)
    found = []
  }
  expect(plain(found)).toEqual(plain(result))
  expect(plain(document)).toEqual(before)
})
