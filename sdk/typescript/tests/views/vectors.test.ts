import { describe, expect, test } from "vitest"
import { SessionView } from "../../src/views/session.js"
import { Timeline } from "../../src/views/timeline.js"
import { plain, shown, told, vectors, work, type Seen } from "./vectors.js"

describe.each(vectors.logs)("the log with seed $seed", ({ events, seen, calm }) => {
  function expectSeen(state: SessionView["state"], { ready, work: works }: Seen) {
    expect(plain(shown(state))).toEqual(plain(told(ready)))
    const done = Object.keys(works).map((task) => [task, work(state.activities.get(task))])
    expect(plain(Object.fromEntries(done))).toEqual(plain(works))
  }

  test("is folded as the server folds it, until it needs a new snapshot", () => {
    const view = new SessionView()
    let at = 0
    for (const each of seen) {
      while (at < each.after) view.apply(events[at++])
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
      const view = new SessionView()
      view.apply(start.ready)
      let at = start.after
      for (const { after, ready } of seen.filter((each) => each.after >= start.after)) {
        while (at < after) view.apply(events[at++])
        expect(plain(shown(view.state))).toEqual(plain(told(ready)))
      }
    }
  })
})

test("most logs in which something is taken back need no new snapshot", () => {
  const views = vectors.logs.map(({ events }) => {
    const view = new SessionView()
    for (const event of events) view.apply(event)
    return view
  })
  expect(views.filter((view) => view.stale).length).toBeLessThan(views.length / 2)
})
