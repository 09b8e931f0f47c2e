/** What an axis counts in: so many of the values' own, and its name. */
export interface Unit {
  readonly size: number
  readonly name: string
}

const STEPS = [1, 2, 2.5, 5, 10]

/** Round numbers from 0 up to at least `most`, about `count` of them; whole ones where things are counted. */
export function ticks(most: number, { whole = false, count = 4 } = {}): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const round = (STEPS.find((each) => each * power >= rough * 0.999999) ?? 10) * power
  const step = whole ? Math.ceil(round) : round
  const last = Math.ceil(most / step - 1e-9)
  return Array.from({ length: last + 1 }, (_, place) => Number((place * step).toPrecision(12)))
}

/** Which of so many labels there is room for: every one, every second, every fifth … */
export function every(labels: number, room: number): number {
  const least = Math.max(1, Math.ceil(labels / Math.max(1, room)))
  return [1, 2, 3, 4, 6, 12, 24, 48, 72, 168].find((each) => each >= least) ?? least
}

/** The parts of a line that has no value in some places: from where to where it has. */
export function runs(values: readonly (number | null)[]): [from: number, to: number][] {
  const found: [number, number][] = []
  values.forEach((value, place) => {
    if (value === null) return
    const last = found.at(-1)
    if (last && last[1] === place - 1) last[1] = place
    else found.push([place, place])
  })
  return found
}
