import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { difference } from "../../src/graph/difference"

const elements = fc.dictionary(fc.constantFrom(..."abcdefgh"), fc.integer({ min: 0, max: 3 }))

function made(of: Record<string, number>): Map<string, { id: string; is: number }> {
  return new Map(Object.entries(of).map(([id, is]) => [id, { id, is }]))
}

describe("a difference", () => {
  it("makes of one collection another, as much of it as is wanted", () => {
    fc.assert(
      fc.property(elements, elements, fc.integer({ min: 0, max: 9 }), (before, after, most) => {
        const [drawn, wanted] = [made(before), made(after)]
        const { added, changed, removed } = difference(drawn, wanted, most)
        for (const id of removed) drawn.delete(id)
        for (const each of [...added, ...changed]) drawn.set(each.id, each)
        expect(new Set(drawn.values())).toEqual(new Set([...wanted.values()].slice(0, most)))
      }),
    )
  })

  it("passes over what is the same object", () => {
    const drawn = made({ a: 1, b: 2 })
    expect(difference(drawn, new Map(drawn))).toEqual({ added: [], changed: [], removed: [] })
  })
})
