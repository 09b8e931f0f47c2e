const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "auto" })
const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" })
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
] as const
const A_MONTH = 30 * 86_400

/** How long before or after `now` a moment is, in words; its date when that is more than a month. */
export function ago(moment: Date, now: number): string {
  const seconds = Math.round((moment.getTime() - now) / 1000)
  const size = Math.abs(seconds)
  if (size > A_MONTH) return DAY.format(moment)
  const [unit, length] = UNITS.find(([, length]) => size >= length) ?? ["second", 1]
  return unit === "second" ? "just now" : WORDS.format(Math.trunc(seconds / length), unit)
}
