/** Numbers as people read them. */

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 })
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 })
const NONE = "–"

export function count(value: number): string {
  return whole.format(value)
}

/** Exact up to 9,999, then 12.3K. */
export function compact(value: number): string {
  return Math.abs(value) < 10_000 ? plain(value) : short.format(value)
}

export function seconds(value: number | null | undefined): string {
  if (value === null || value === undefined) return NONE
  if (value < 0.0005) return "0 s"
  if (value < 1) return `${Math.round(value * 1000)} ms`
  if (value < 60) return `${plain(value)} s`
  if (value < 3600) return `${Math.floor(value / 60)} min ${Math.floor(value % 60)} s`
  if (value < 86_400) return `${Math.floor(value / 3600)} h ${Math.floor((value % 3600) / 60)} min`
  return `${Math.floor(value / 86_400)} d ${Math.floor((value % 86_400) / 3600)} h`
}

/** In what to count times of up to `most` seconds. */
export function timeUnit(most: number): { size: number; name: string } {
  if (most < 1) return { size: 0.001, name: "ms" }
  if (most < 120) return { size: 1, name: "s" }
  if (most < 7_200) return { size: 60, name: "min" }
  return most < 172_800 ? { size: 3_600, name: "h" } : { size: 86_400, name: "d" }
}

export function percent(share: number | null): string {
  return share === null ? NONE : `${plain(share * 100)} %`
}

/** How much more or less, by what was before. */
export function change(share: number | null): string {
  return share === null ? "new" : `${share > 0 ? "+" : ""}${Math.round(share * 100)} %`
}

/** What `tokens` cost: of some without a price it is unknown, and without any there is nothing to say. */
export function money(value: number | null, tokens: number): string {
  if (value === null) return tokens ? "unknown" : NONE
  return `$${value === 0 || value >= 1 ? value.toFixed(2) : Number(value.toPrecision(2))}`
}

export function bytes(value: number): string {
  if (value < 1024) return `${count(value)} B`
  return value < 1_048_576 ? `${plain(value / 1024)} KiB` : `${plain(value / 1_048_576)} MiB`
}

/** "1 task", "2 tasks". */
export function many(value: number, one: string, several = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : several}`
}

function plain(value: number): string {
  return String(Number(value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0)))
}
