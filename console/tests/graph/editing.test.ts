import { describe, expect, it } from "vitest"
import type { GraphOp, GraphState } from "@puntini/client"
import { blank, meanwhile, mistakes, operation, touched, withProp } from "../../src/graph/draft"
import { inverse } from "../../src/graph/undoing"
import { as, parsed, typed } from "../../src/graph/values"

const task = { id: "a", label: "Task", key: "Write", props: { due: "Monday", rank: 3 } }
const anna = { id: "b", label: "Person", props: {} }
const tie = { id: "e", label: "ASSIGNED_TO", source: "a", target: "b", props: { since: 2026 } }
const graph: GraphState = {
  version: 4,
  nodes: new Map([task, anna].map((each) => [each.id, each])),
  edges: new Map([["e", tie]]),
}

describe("a draft", () => {
  it("saves what was touched, and nothing else", () => {
    const draft = withProp(withProp(blank(task, 4), "due", typed("Friday")), "rank", null)
    expect(operation(draft)).toEqual({
      action: "update_node",
      node: { id: "a", label: "Task", props: { due: "Friday", rank: null } },
    })
  })

  it("has new properties too, whose names must be free", () => {
    const more = [{ name: " due ", value: typed("x") }]
    expect([...mistakes({ ...blank(task, 4), more }, task).keys()]).toEqual(["more.0"])
    const free = { ...blank(task, 4), more: [{ name: " cost ", value: typed(2.5) }] }
    expect(mistakes(free, task).size).toBe(0)
    expect(operation(free).node?.props).toEqual({ cost: 2.5 })
  })

  it("knows which of its fields another changed meanwhile", () => {
    const draft = withProp(blank(task, 4), "due", typed("Friday"))
    const now = { ...task, props: { due: "Tuesday", rank: 3 } }
    expect(meanwhile(draft, now, "props.due")).toEqual({ value: "Tuesday" })
    expect(meanwhile(draft, now, "props.rank")).toBeUndefined()
  })

  it("is nothing when its only field is let go", () => {
    expect(touched(withProp(withProp(blank(task, 4), "due", typed("Friday")), "due", undefined))).toBe(false)
  })
})

describe("values", () => {
  it.each(["text", "", 0, -2.5, true, false, [1, "a"], { a: { b: 1 } }])("come back as they went in: %j", (value) => {
    expect(parsed(typed(value))).toEqual({ value })
  })

  it.each([
    { kind: "number", text: "" },
    { kind: "number", text: "three" },
    { kind: "number", text: "Infinity" },
    { kind: "json", text: "{bad" },
    { kind: "json", text: "null" },
  ] as const)("are refused with a sentence: %j", (value) => {
    expect(parsed(value)).toEqual({ wrong: expect.stringMatching(/\.$/) })
  })

  it("are one of two when they become true or false", () => {
    expect(as("boolean", typed("perhaps"))).toEqual({ kind: "boolean", text: "false" })
  })
})

describe("an inverse", () => {
  it("takes an edit back, the last part first", () => {
    const delta: GraphOp[] = [
      { action: "add_node", node: { id: "n", label: "New", props: {} } },
      { action: "update_node", node: { id: "a", label: "Job", key: "Do", props: { due: null, size: 1 } } },
    ]
    expect(inverse(delta, graph)).toEqual([
      {
        action: "update_node",
        node: { id: "a", label: "Task", key: "Write", props: { due: "Monday", size: null } },
      },
      { action: "remove_node", id: "n" },
    ])
  })

  it("brings a node back with its edges", () => {
    expect(inverse([{ action: "remove_node", id: "b" }], graph)).toEqual([
      { action: "add_node", node: anna },
      { action: "add_edge", edge: tie },
    ])
  })
})
