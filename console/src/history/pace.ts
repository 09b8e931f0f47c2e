import type { KeptEvents } from "./kept"

/** How fast the past is played: what is waited between two events, by the time that lay between them (milliseconds). */
export interface Pace {
  readonly label: string
  wait(gap: number): number
}

/** Pauses longer than this are played as if they were this long. */
const LONGEST = 1_500

const times = (factor: number): Pace => ({ label: `×${factor}`, wait: (gap) => Math.min(gap, LONGEST) / factor })
const perSecond = (count: number): Pace => ({ label: `${count}/s`, wait: () => 1_000 / count })

export const PACES: readonly [Pace, ...Pace[]] = [
  times(1),
  times(2),
  times(8),
  perSecond(10),
  perSecond(100),
  perSecond(1_000),
]

/** Where playing has come from `index` when it may use up `time`; what is left of that goes on with the next call. */
export function played(kept: KeptEvents, index: number, time: number, pace: Pace): { index: number; time: number } {
  while (index < kept.end) {
    const wait = pace.wait(gapAfter(kept, index))
    if (wait > time) break
    time -= wait
    index++
  }
  return { index, time }
}

function gapAfter(kept: KeptEvents, index: number): number {
  const [from, to] = [kept.at(index), kept.at(index + 1)]
  return from && to ? Math.max(0, Date.parse(to.timestamp) - Date.parse(from.timestamp)) : 0
}
