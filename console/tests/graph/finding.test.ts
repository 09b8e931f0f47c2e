import { describe, expect, it } from "vitest"
import { find } from "../../src/graph/finding"
import { Hues, HUES } from "../../src/graph/hues"
import { nameOf, sentenceOf, short } from "../../src/graph/naming"

const nodes = [
  { id: "1", label: "Task", key: "Prepare the launch", props: {} },
  { id: "2", label: "Milestone", key: "Launch", props: { owner: "Anna" } },
  { id: "3", label: "Person", key: "p3", props: { name: "Anna" } },
]

describe("finding", () => {
  it("shows those first that are called so", () => {
    expect(find(nodes, "launch", 9).map(nameOf)).toEqual(["Launch", "Prepare the launch"])
    expect(find(nodes, "anna", 9).map(nameOf)).toEqual(["Anna", "Launch"])
  })

  it("wants each word, anywhere", () => {
    expect(find(nodes, "anna mile", 9).map(nameOf)).toEqual(["Launch"])
    expect(find(nodes, " ", 9)).toEqual([])
  })
})

describe("names", () => {
  it("make a sentence of an edge", () => {
    const edge = { id: "e", label: "WORKS_ON", source: "3", target: "2" }
    const graph = { version: 1, nodes: new Map(nodes.map((each) => [each.id, each])), edges: new Map() }
    expect(sentenceOf(edge, graph)).toBe("Anna works on Launch")
  })

  it("are cut between letters, not inside one", () => {
    expect(short("👩‍💻".repeat(40), 10)).not.toMatch(/[\ud800-\udbff]…$/)
    expect(short("one\n two", 10)).toBe("one two")
  })
})

describe("hues", () => {
  it("differ as long as there are enough, and stay", () => {
    const hues = new Hues()
    const labels = Array.from({ length: HUES }, (_, at) => `Label ${at}`)
    expect(new Set(labels.map((label) => hues.of(label))).size).toBe(HUES)
    expect(hues.of("Label 3")).toBe(hues.of("Label 3"))
    expect(hues.of("one too many")).toBeLessThan(HUES)
  })
})
