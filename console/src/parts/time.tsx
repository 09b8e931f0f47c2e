import { signal } from "@preact/signals"

/** The one clock of the page: it ticks every half minute, and only while somebody looks. */
const now = signal(Date.now())
const tick = () => document.visibilityState === "visible" && (now.value = Date.now())
setInterval(tick, 30_000)
document.addEventListener("visibilitychange", tick)

const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" })
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const
const A_MONTH = 30 * 86_400

/** A moment as people say it ("5 minutes ago"), with the exact time on hover. */
export function Time({ at }: { at: string | number }) {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return null
  return (
    <time class="time" dateTime={moment.toISOString()} title={FULL.format(moment)}>
      {ago(moment, now.value)}
    </time>
  )
}

/** How long before or after `now` a moment is, in words; its date when that is more than a month. */
export function ago(moment: Date, now: number): string {
  const seconds = Math.round((moment.getTime() - now) / 1000)
  const size = Math.abs(seconds)
  if (size > A_MONTH) return DAY.format(moment)
  const [unit, length] = UNITS.find(([, length]) => size >= length) ?? ["second", 1]
  return unit === "second"
    ? seconds > 0
      ? "in a moment"
      : "just now"
    : WORDS.format(Math.trunc(seconds / length), unit)
}
