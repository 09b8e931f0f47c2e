import { Select } from "../../parts/select"
import { ask, asked } from "../query"

/** Which tasks are counted, as the API is asked. */
export interface Scope {
  readonly from: string
  readonly to: string | undefined
  readonly agent: string | undefined
}

const PERIODS = [
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
  ["30d", "Last 30 days"],
  ["custom", "From … to …"],
] as const
const NORMAL = "7d"
const DAY = 86_400_000

/** The period that the address names: one of the usual ones, or `custom` with a first and a last day (UTC), both counted. */
export function asPeriod(name: string, first: string, last: string): Pick<Scope, "from" | "to"> {
  if (name === "custom" && isDay(first) && isDay(last)) {
    return { from: `${first}T00:00:00Z`, to: new Date(Date.parse(last) + DAY).toISOString() }
  }
  return { from: periodOf(name) === "custom" ? NORMAL : periodOf(name), to: undefined }
}

export function PeriodChoice() {
  const chosen = periodOf(asked("period"))
  const choose = (period: string) => {
    if (period !== "custom") return ask({ period: period === NORMAL ? "" : period, from: "", to: "" })
    const today = day(new Date())
    ask({ period, from: day(new Date(Date.now() - 6 * DAY)), to: today })
  }
  return (
    <>
      <Select label="Period" options={PERIODS} chosen={chosen} onChoose={choose} />
      {chosen === "custom" && (
        <>
          <DayBox label="First day" name="from" />
          <DayBox label="Last day" name="to" />
        </>
      )}
    </>
  )
}

function DayBox({ label, name }: { label: string; name: "from" | "to" }) {
  return (
    <input
      class="input"
      type="date"
      aria-label={`${label} (UTC)`}
      value={asked(name)}
      onChange={(event) => isDay(event.currentTarget.value) && ask({ [name]: event.currentTarget.value })}
    />
  )
}

function periodOf(name: string): (typeof PERIODS)[number][0] {
  return PERIODS.find(([each]) => each === name)?.[0] ?? NORMAL
}

function isDay(text: string): boolean {
  return /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10)
}
