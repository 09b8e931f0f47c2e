import { signal } from "@preact/signals"
import { ago } from "./ago"

/** The one clock of the page: it ticks every half minute, and only while somebody looks. */
const now = signal(Date.now())
const tick = () => document.visibilityState === "visible" && (now.value = Date.now())
setInterval(tick, 30_000)
document.addEventListener("visibilitychange", tick)

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" })

/** A moment as people say it ("5 minutes ago"), with the exact time on hover. */
export function Time({ at }: { at: string | number }) {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return null
  return (
    <time class="time" dateTime={moment.toISOString()} title={FULL.format(moment)}>
      {ago(moment, Math.max(now.value, Date.now()))}
    </time>
  )
}
