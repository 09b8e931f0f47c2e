import { describe, expect, it } from "vitest"
import { Forces } from "../../src/graph/forces"

/** Let all come to rest. */
function settle(forces: Forces): number {
  let ticks = 0
  while (forces.tick()) ticks++
  return ticks
}

function chain(length: number): Forces {
  const forces = new Forces()
  for (let at = 0; at < length; at++) {
    forces.add(`n${at}`, at ? [`n${at - 1}`] : [])
    if (at) forces.tie(`n${at}`, `n${at - 1}`, true)
  }
  return forces
}

function at(forces: Forces, id: string): { x: number; y: number } {
  const body = forces.get(id)
  if (!body) throw new Error(`${id} is not there`)
  return { x: body.x, y: body.y }
}

function apart(forces: Forces, one: string, other: string): number {
  const [a, b] = [at(forces, one), at(forces, other)]
  return Math.hypot(a.x - b.x, a.y - b.y)
}

describe("forces", () => {
  it("come to rest, with no two nodes in one place", () => {
    const forces = chain(30)
    expect(settle(forces)).toBeLessThan(300)
    const ids = [...forces.entries()].map(([id]) => id)
    for (const one of ids)
      for (const other of ids) if (one < other) expect(apart(forces, one, other)).toBeGreaterThan(25)
  })

  it("part nodes that begin in one place", () => {
    const forces = new Forces()
    for (const id of ["a", "b", "c"]) forces.add(id, [], { x: 5, y: 5 })
    forces.arrange()
    settle(forces)
    expect(apart(forces, "a", "b")).toBeGreaterThan(20)
    expect(apart(forces, "b", "c")).toBeGreaterThan(20)
  })

  it("put a new node near its neighbour, and leave what is far away where it is", () => {
    const forces = chain(60)
    settle(forces)
    const before = [...forces.entries()].map(([id]) => [id, at(forces, id)] as const)
    forces.add("new", ["n0"])
    forces.tie("new", "n0", true)
    settle(forces)
    expect(apart(forces, "new", "n0")).toBeLessThan(200)
    for (const [id, place] of before) if (id !== "n0") expect(at(forces, id)).toEqual(place)
  })

  it("leave the others of a small graph where they are when one comes alone", () => {
    const forces = chain(6)
    settle(forces)
    const before = [...forces.entries()].map(([id]) => [id, at(forces, id)] as const)
    forces.add("new", [], undefined, true)
    settle(forces)
    for (const [id, place] of before) expect(at(forces, id)).toEqual(place)
  })

  it("leave a node that has its place where it was", () => {
    const forces = new Forces()
    forces.add("a", [], { x: 7, y: -3 })
    expect(forces.tick()).toBe(false)
    expect(at(forces, "a")).toEqual({ x: 7, y: -3 })
  })

  it("never move what somebody holds, until all is arranged anew", () => {
    const forces = chain(3)
    Object.assign(forces.get("n1") ?? {}, { x: 400, y: 400, held: true })
    settle(forces)
    expect(at(forces, "n1")).toEqual({ x: 400, y: 400 })
    forces.arrange()
    settle(forces)
    expect(at(forces, "n1")).not.toEqual({ x: 400, y: 400 })
  })
})
