import { expect, test } from "vitest"
import { bytes, change, compact, many, money, percent, seconds } from "../src/pages/words"

test.each([
  [null, "–"],
  [0, "0 s"],
  [0.0421, "42 ms"],
  [3.14159, "3.14 s"],
  [59.96, "60 s"],
  [61, "1 min 1 s"],
  [7_260, "2 h 1 min"],
  [100_000, "1 d 3 h"],
])("%s seconds are %s", (value, words) => expect(seconds(value)).toBe(words))

test("money that nobody knows is not told as none", () => {
  expect(money(null, 100)).toBe("unknown")
  expect(money(null, 0)).toBe("–")
  expect(money(0, 100)).toBe("$0.00")
  expect(money(0.00123, 100)).toBe("$0.0012")
  expect(money(12.345, 100)).toBe("$12.35")
})

test("shares, changes and sizes", () => {
  expect(percent(null)).toBe("–")
  expect(percent(0.9375)).toBe("93.8 %")
  expect(change(null)).toBe("new")
  expect(change(1)).toBe("+100 %")
  expect(change(-0.5)).toBe("-50 %")
  expect(compact(9_999)).toBe("9999")
  expect(compact(12_345)).toBe("12.3K")
  expect(bytes(1_536)).toBe("1.5 KiB")
  expect(many(1, "task")).toBe("1 task")
  expect(many(1_200, "task")).toBe("1,200 tasks")
})
