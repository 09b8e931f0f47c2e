import { expect, test } from "vitest"
import { blankDraft, bodyOf, draftOf, exported, imported } from "../src/pages/templates/draft"
import { layers } from "../src/pages/templates/layers"

const HOUSE = {
  title: "Move house",
  description: "With friends.",
  difficulty: "easy" as const,
  tags: ["home", "boxes"],
  tasks: [
    { id: "boxes", title: "Pack", description: "", difficulty: "easy" as const, hours: 6, depends_on: [] },
    { id: "van", title: "Hire", description: "", difficulty: "medium" as const, hours: null, depends_on: [] },
    {
      id: "drive",
      title: "Drive",
      description: "",
      difficulty: "hard" as const,
      hours: 0.5,
      depends_on: ["boxes", "van"],
    },
  ],
}

test("what goes out as a file comes in again as it was", () => {
  expect(bodyOf(imported(exported(HOUSE)))).toEqual(HOUSE)
  expect(bodyOf(draftOf(HOUSE))).toEqual(HOUSE)
})

test("a file that is no template says so", () => {
  expect(() => imported("not json")).toThrow("This file is no JSON")
  for (const text of ["null", "[]", "3", '{"title": "a"}', '{"tasks": {}}']) {
    expect(() => imported(text)).toThrow("This file is no template")
  }
})

test("what a file leaves out or says wrongly is blank", () => {
  const draft = imported(
    '{"title": 3, "tags": "home", "tasks": [{"id": "a", "hours": "6", "depends_on": "b"}, null, 4]}',
  )
  expect(draft).toEqual({
    ...blankDraft(),
    tasks: [{ id: "a", title: "", description: "", difficulty: "medium", hours: "", depends_on: [] }],
  })
})

test("layers are behind all that they depend on", () => {
  expect(layers(HOUSE.tasks).map((layer) => layer.map(({ id }) => id))).toEqual([["boxes", "van"], ["drive"]])
})

test("what waits for itself has no layer, and ends nothing", () => {
  const tasks = [
    { id: "a", depends_on: [] },
    { id: "b", depends_on: ["c"] },
    { id: "c", depends_on: ["b"] },
    { id: "d", depends_on: ["nowhere"] },
  ]
  expect(layers(tasks)).toEqual([[tasks[0]]])
})
