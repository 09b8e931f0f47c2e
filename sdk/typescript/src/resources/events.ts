import type { CallOptions, Calls } from "../calls.js"
import { Listing } from "../listing.js"
import type { PuntiniEvent } from "../protocol.js"
import type { EventPage } from "../resources.js"

export interface EventOptions extends CallOptions {
  /** Begin after this event; from the first that is kept unless said. */
  after?: string | undefined
  /** Only these types, beside the ends of tasks and what takes things back. */
  events?: readonly PuntiniEvent["type"][] | undefined
  /** `debug` events from this level on. */
  level?: "debug" | "info" | "warning" | "error" | undefined
  /** How many to a page: 1,000 unless said, which is the most. */
  limit?: number | undefined
}

/** The log at the address of a stream, page by page. */
export function events(
  calls: Calls,
  address: string,
  { after = "earliest", events, limit = 1_000, ...options }: EventOptions = {},
): Listing<PuntiniEvent, EventPage, string> {
  const query = { ...options, limit, events: events?.join() }
  const ask = (after: string) => calls.get<EventPage>(address, { ...query, after })
  return new Listing(ask, after, (page, at) => [
    page.events,
    page.live || page.ended || page.next === at ? undefined : page.next,
  ])
}
