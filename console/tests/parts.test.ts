import { describe, expect, it } from "vitest"
import { ago } from "../src/parts/ago"
import { titleOf } from "../src/sessions/name"

const NOW = Date.parse("2026-03-01T12:00:00Z")
const SECOND = 1_000
const HOUR = 3_600 * SECOND

describe("a moment, as people say it", () => {
  it.each([
    [-59 * SECOND, "just now"],
    [20 * SECOND, "just now"],
    [-90 * SECOND, "1 minute ago"],
    [-59 * 60 * SECOND, "59 minutes ago"],
    [-23 * HOUR, "23 hours ago"],
    [-24 * HOUR, "yesterday"],
    [-29 * 24 * HOUR, "29 days ago"],
    [48 * HOUR, "in 2 days"],
  ])("%d ms from now is %s", (offset, said) => {
    expect(ago(new Date(NOW + offset), NOW)).toBe(said)
  })

  it("is a date when it is long ago", () => {
    expect(ago(new Date("2025-01-15T12:00:00Z"), NOW)).toContain("2025")
  })
})

describe("the title of a session that begins with a prompt", () => {
  it("is its first line", () => {
    expect(titleOf("  Plan a trip\nto Rome, by train")).toBe("Plan a trip")
  })

  it("is cut where it gets long", () => {
    const title = titleOf("word ".repeat(40))
    expect(title.length).toBeLessThanOrEqual(80)
    expect(title.endsWith("word…")).toBe(true)
  })
})
