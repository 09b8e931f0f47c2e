import { expect, test } from "vitest"
import { every, runs, ticks } from "../src/parts/chart-scale"

test("ticks are round, begin at 0 and reach the largest value", () => {
  expect(ticks(17)).toEqual([0, 5, 10, 15, 20])
  expect(ticks(1)).toEqual([0, 0.25, 0.5, 0.75, 1])
  expect(ticks(0.0031)).toEqual([0, 0.001, 0.002, 0.003, 0.004])
  expect(ticks(48_211)).toEqual([0, 20_000, 40_000, 60_000])
})

test("ticks of what is counted are whole", () => {
  expect(ticks(1, { whole: true })).toEqual([0, 1])
  expect(ticks(3, { whole: true })).toEqual([0, 1, 2, 3])
  expect(ticks(10, { whole: true })).toEqual([0, 3, 6, 9, 12])
})

test("an axis without values is an axis still", () => {
  expect(ticks(0)).toEqual([0, 1])
  expect(ticks(Number.NaN)).toEqual([0, 1])
})

test("ticks reach any value with a handful of steps", () => {
  for (let power = -6; power < 12; power++) {
    for (const digit of [1, 1.01, 2, 3.3, 4.99, 7, 9.999]) {
      const most = digit * 10 ** power
      const found = ticks(most)
      expect(found.at(-1)).toBeGreaterThanOrEqual(most * (1 - 1e-9))
      expect(found.length).toBeLessThanOrEqual(6)
    }
  }
})

test("labels are left out where there is no room", () => {
  expect(every(7, 12)).toBe(1)
  expect(every(24, 12)).toBe(2)
  expect(every(25, 5)).toBe(6)
  expect(every(1000, 12)).toBe(168)
})

test("a line is broken where there is no value", () => {
  expect(runs([null, 1, 2, null, 0, null])).toEqual([
    [1, 2],
    [4, 4],
  ])
  expect(runs([])).toEqual([])
})
