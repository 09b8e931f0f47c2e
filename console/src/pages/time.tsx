const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
]
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" })

/** A time by how long ago it was; all of it when pointed at. */
export function Time({ at }: { at: string }) {
  const date = new Date(at)
  return (
    <time dateTime={at} title={date.toLocaleString()}>
      {ago(date)}
    </time>
  )
}

function ago(date: Date): string {
  const past = (Date.now() - date.getTime()) / 1000
  if (past > 30 * 86_400) return date.toLocaleDateString("en", { dateStyle: "medium" })
  const [unit, size] = UNITS.find(([, each]) => past >= each) ?? ["second", 1]
  return unit === "second" ? "just now" : relative.format(-Math.floor(past / size), unit)
}
