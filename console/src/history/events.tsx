import { useSignal } from "@preact/signals"
import { useEffect, useMemo, useRef } from "preact/hooks"
import type { Current } from "../session/current"
import { Detail } from "./detail"
import { ALL, type Filter } from "./filter"
import { Filters } from "./filters"
import { Matches, type Row } from "./matches"
import { Rows } from "./rows"
import { Tools } from "./tools"

/** The raw events as they come: filtered, and each to be opened. */
export function Events({ current }: { current: Current }) {
  const { log } = current.history
  const filter = useSignal<Filter>(ALL)
  const chosen = useSignal<Row | undefined>(undefined)
  const matches = useMemo(() => new Matches(log, filter.value), [log, filter.value])
  useEffect(() => {
    if (log.reading.peek().status === "unread") void log.load()
  }, [log])
  useEffect(() => () => matches.close(), [matches])
  const box = useRef<HTMLDivElement>(null)
  const close = () => {
    chosen.value = undefined
    box.current?.querySelector<HTMLElement>("[role=listbox]")?.focus()
  }
  return (
    <div ref={box} class="events">
      <Filters log={log} filter={filter} />
      <Rows matches={matches} chosen={chosen} at={current.at.value} />
      {chosen.value && <Detail current={current} row={chosen.value} close={close} />}
      <Tools session={current.id} fileName={current.fileName.value} filter={filter.value} matches={matches} />
    </div>
  )
}
