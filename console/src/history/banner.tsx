import { Copy } from "../parts/copy"
import type { Current } from "../session/current"
import { addressAt } from "./address"
import { Fork } from "./fork"
import { clock, day } from "./times"

/** Says that what is shown is past, when that was, and how to get out of it. */
export function PastBanner({ current, back }: { current: Current; back: () => void }) {
  const { log, traveller } = current.history
  const { event } = traveller
  if (!event) return null
  const { kept } = log
  const number = (traveller.index.value ?? kept.end) - kept.begin + 1
  return (
    <div class="past-banner">
      <p class="past-when">
        <strong role="status">This is the past.</strong>
        <time dateTime={event.timestamp}>
          {day(event.timestamp)} {clock(event.timestamp)}
        </time>
        <code class="past-type">{event.type}</code>
        <span class="soft">
          event {number.toLocaleString()} of {(kept.end - kept.begin).toLocaleString()}
        </span>
      </p>
      <div class="row">
        <Fork session={current.id} at={event.id} label="Fork from here" />
        <Copy label="a link to this moment" text={new URL(addressAt(event.id), location.href).href} />
        <button class="button primary" onClick={back}>
          Back to now
        </button>
      </div>
    </div>
  )
}
