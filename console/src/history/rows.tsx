import { useSignal, type Signal } from "@preact/signals"
import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { seqOf, whose } from "./ids"
import { isHeard, type Matches, type Row } from "./matches"
import { summaryOf } from "./summary"
import { clock } from "./times"

/** The height of a row in pixels; the style sheet has the same. */
const HEIGHT = 28
/** Rows that are drawn beyond what is seen, so that scrolling never shows a hole. */
const BEYOND = 8

interface RowsProps {
  matches: Matches
  chosen: Signal<Row | undefined>
  /** The id of the event at which one is in time. */
  at: string
}

/** The rows that can be seen, of however many there are. Stays at the end while one is there, and goes where one travels. */
export function Rows({ matches, chosen, at }: RowsProps) {
  const box = useRef<HTMLDivElement>(null)
  const top = useSignal(0)
  const height = useSignal(0)
  const follows = useSignal(true)
  matches.found.value
  const { rows } = matches

  useEffect(() => {
    const element = box.current
    if (!element) return
    const observer = new ResizeObserver(() => (height.value = element.clientHeight))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    if (follows.value) box.current?.scrollTo(0, rows.length * HEIGHT)
  }, [matches.found.value, height.value, follows.value, matches])

  useLayoutEffect(() => {
    const element = box.current
    if (!element || (!at && !follows.peek())) return
    follows.value = !at
    const place = at ? matches.indexOf(at) * HEIGHT : -1
    const isSeen = place >= element.scrollTop && place + HEIGHT <= element.scrollTop + element.clientHeight
    if (place >= 0 && !isSeen) element.scrollTop = place - element.clientHeight / 2
  }, [at, matches])

  const scroll = () => {
    const element = box.current
    if (!element) return
    follows.value = element.scrollTop + element.clientHeight >= element.scrollHeight - HEIGHT
    top.value = element.scrollTop
  }
  const choose = (index: number) => {
    const element = box.current
    const row = rows[Math.max(0, Math.min(rows.length - 1, index))]
    if (!row || !element) return
    chosen.value = row
    const place = rows.indexOf(row) * HEIGHT
    if (place < element.scrollTop) element.scrollTop = place
    else if (place + HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = place + HEIGHT - element.clientHeight
  }
  const keys = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(height.value / HEIGHT) - 1)
    const here = chosen.value ? rows.indexOf(chosen.value) : rows.length
    const to = { ArrowUp: here - 1, ArrowDown: here + 1, PageUp: here - page, PageDown: here + page }[event.key]
    const end = { Home: 0, End: rows.length - 1 }[event.key]
    const index = to ?? end
    if (event.key === "Escape") chosen.value = undefined
    if (index === undefined) return
    event.preventDefault()
    choose(index)
  }

  const first = Math.max(0, Math.floor(top.value / HEIGHT) - BEYOND)
  const seen = rows.slice(first, first + Math.ceil(height.value / HEIGHT) + 2 * BEYOND)
  return (
    <div class="rows-frame">
      <div
        ref={box}
        class="event-rows"
        role="listbox"
        tabIndex={0}
        aria-label="Events"
        aria-activedescendant={chosen.value && seen.includes(chosen.value) ? domId(chosen.value) : undefined}
        onScroll={scroll}
        onKeyDown={keys}
      >
        <div class="rows-all" role="presentation" style={{ height: `${rows.length * HEIGHT}px` }}>
          <div class="rows-seen" role="presentation" style={{ transform: `translateY(${first * HEIGHT}px)` }}>
            {seen.map((row, index) => (
              <Line
                key={domId(row)}
                row={row}
                number={first + index + 1}
                of={rows.length}
                chosen={row === chosen.value}
                here={!isHeard(row) && row.id === at}
                choose={() => choose(first + index)}
              />
            ))}
          </div>
        </div>
      </div>
      {!follows.value && (
        <button class="button rows-latest" onClick={() => (follows.value = true)}>
          Follow the latest
        </button>
      )}
    </div>
  )
}

interface LineProps {
  row: Row
  number: number
  of: number
  chosen: boolean
  /** Whether this is where one is in time. */
  here: boolean
  choose: () => void
}

function Line({ row, number, of, chosen, here, choose }: LineProps) {
  const event = isHeard(row) ? row.event : row
  const { task, agent } = whose(event)
  return (
    <div
      id={domId(row)}
      class={`event-row ${tone(event.type, isHeard(row))} ${here ? "here" : ""}`}
      role="option"
      aria-selected={chosen}
      aria-posinset={number}
      aria-setsize={of}
      onClick={choose}
    >
      <span class="event-seq">{isHeard(row) ? "" : seqOf(row.id)}</span>
      <time>{clock(isHeard(row) ? row.at : row.timestamp)}</time>
      <span class="event-type">{event.type}</span>
      <span class="event-whose" title={task}>
        {isHeard(row) ? "this connection" : agent || task.slice(-6)}
      </span>
      <span class="event-said">{summaryOf(event)}</span>
    </div>
  )
}

/** The colour of a kind of event. */
function tone(type: string, heard: boolean): string {
  if (heard) return "tone-heard"
  if (/^(error|task_failed|task_retracted|task_cancelled)$/.test(type)) return "tone-bad"
  if (/^(user_prompt|assistant_response)$/.test(type)) return "tone-said"
  if (/^approval_/.test(type)) return "tone-asked"
  if (/^(task_|session_closed)/.test(type)) return "tone-task"
  if (type === "graph_update") return "tone-graph"
  return "tone-other"
}

function domId(row: Row): string {
  return isHeard(row) ? `heard-${row.number}` : `event-${seqOf(row.id)}`
}
