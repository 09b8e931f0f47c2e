import { Copy } from "../parts/copy"
import type { Current } from "../session/current"
import { isHeard, type Row } from "./matches"
import { Json } from "./json"
import { whose } from "./ids"
import { clock, day } from "./times"

/** The whole of an event. */
export function Detail({ current, row, close }: { current: Current; row: Row; close: () => void }) {
  const event = isHeard(row) ? row.event : row
  const { traveller } = current.history
  const { task, agent } = whose(event)
  const time = isHeard(row) ? row.at : row.timestamp
  const attempt = "attempt" in event && event.attempt
  const facts: [string, string][] = [
    ["id", isHeard(row) ? "none: this connection's own" : row.id],
    ["time", `${day(time)} ${clock(time)}`.trim()],
    ["task", task],
    ["attempt", attempt ? String(attempt) : ""],
    ["agent", agent],
  ]
  return (
    <section class="event-detail" aria-label={`Event ${event.type}`}>
      <header class="row apart">
        <h2>
          <code>{event.type}</code>
        </h2>
        <div class="row">
          {!isHeard(row) && (
            <button class="button" onClick={() => traveller.goTo(row.id)}>
              Travel here
            </button>
          )}
          <Copy label="the JSON" text={JSON.stringify(event, null, 2)} />
          <button class="button quiet" onClick={close}>
            Close
          </button>
        </div>
      </header>
      <dl class="event-facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <Json value={event} />
    </section>
  )
}
