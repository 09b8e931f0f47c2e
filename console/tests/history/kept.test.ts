import { describe, expect, it } from "vitest"
import { KeptEvents } from "../../src/history/kept"
import { Landmarks, stopFrom } from "../../src/history/landmarks"
import { PACES, played } from "../../src/history/pace"
import { completed, piece, prompt, thought } from "./events"

describe("what is kept of a log", () => {
  it("has every event once, whatever comes again", () => {
    const kept = new KeptEvents()

    for (const seq of [1, 2, 2, 1, 3]) kept.add(thought(seq))

    expect(kept.slice(0, 9).map(({ id }) => id)).toEqual(["e.1", "e.2", "e.3"])
    expect(kept.types).toEqual(new Map([["reasoning", 3]]))
  })

  it("lets the oldest go, and keeps the indices of the others", () => {
    const kept = new KeptEvents({ events: 20, bytes: Infinity })
    const told: number[] = []
    kept.onForget = (until) => told.push(until)

    for (let seq = 1; seq <= 25; seq++) kept.add(thought(seq))

    expect([kept.begin, kept.end]).toEqual([6, 25])
    expect(kept.at(10)?.id).toBe("e.11")
    expect(kept.at(3)).toBeUndefined()
    expect(told).toEqual([2, 4, 6])
    expect(kept.types.get("reasoning")).toBe(19)
  })

  it("is bounded by bytes, too", () => {
    const kept = new KeptEvents({ events: Infinity, bytes: 4_000 })

    for (let seq = 1; seq <= 100; seq++) kept.add(thought(seq, "x".repeat(300)))

    expect(JSON.stringify(kept.slice(0, 1000)).length).toBeLessThan(4_100)
    expect(kept.last?.id).toBe("e.100")
  })

  it("begins anew with another life of the log", () => {
    const kept = new KeptEvents()
    kept.add(thought(7))

    kept.add({ ...thought(1), id: "other.1" })

    expect([kept.begin, kept.end, kept.joined]).toEqual([1, 2, 1])
    expect(kept.find("e.7")).toBe(-1)
  })

  it("finds an event, or the last before it where the log has a hole", () => {
    const kept = new KeptEvents()
    for (const seq of [3, 4, 9]) kept.add(thought(seq))

    expect([3, 4, 6, 9, 12].map((seq) => kept.find(`e.${seq}`))).toEqual([0, 1, 1, 2, 2])
    expect(kept.find("e.2")).toBe(-1)
  })
})

describe("a way through the log", () => {
  const kept = new KeptEvents()
  const events = [prompt(1), thought(2), piece(3, true), piece(4, false), completed(5), prompt(6)]
  for (const event of events) kept.add(event)

  it("stops at messages that are whole", () => {
    expect(stopFrom(kept, 0, "message", 1)).toBe(3)
    expect(stopFrom(kept, 3, "message", 1)).toBe(5)
    expect(stopFrom(kept, 3, "message", -1)).toBe(0)
    expect(stopFrom(kept, 0, "graph", 1)).toBe(-1)
  })

  it("is marked at prompts and ends", () => {
    const places = new Landmarks().places(kept, 6)

    expect(places.get("prompt")).toEqual([0, 5 / 6])
    expect(places.get("end")).toEqual([4 / 6])
  })
})

describe("playing", () => {
  const kept = new KeptEvents()
  for (const [seq, seconds] of [0, 1, 1.2, 60, 61].entries()) kept.add(thought(seq + 1, "", seconds))
  const [real, double] = [PACES[0], PACES[1] ?? PACES[0]]

  it("takes the time that it took", () => {
    expect(played(kept, 0, 999, real)).toEqual({ index: 0, time: 999 })
    expect(played(kept, 0, 1_100, real)).toEqual({ index: 1, time: 100 })
    expect(played(kept, 0, 1_100, double).index).toBe(2)
  })

  it("does not wait out a long pause", () => {
    expect(played(kept, 2, 1_500, real).index).toBe(3)
  })

  it("comes to the present after the last", () => {
    expect(played(kept, 4, 0, real).index).toBe(kept.end)
  })
})
