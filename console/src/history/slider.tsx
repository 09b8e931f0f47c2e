import { useComputed, useSignal } from "@preact/signals"
import { useMemo } from "preact/hooks"
import type { History } from "./history"
import { Landmarks, MARKS, type Mark } from "./landmarks"
import { clock } from "./times"

/** Steps of the slider as long as nobody knows how many events there are. */
const PARTS = 1_000

/** A slider over the log. The first touch has the log read; where it was let go is gone to then. */
export function TimeSlider({ history }: { history: History }) {
  const { log, traveller } = history
  const touched = useSignal(PARTS)
  const landmarks = useMemo(() => new Landmarks(), [log])
  const marks = useComputed(() => (log.growth.value, landmarks.places(log.kept, PARTS)))
  log.growth.value
  const { begin, end } = log.kept
  const { status } = log.reading.value
  const known = status !== "unread" && status !== "reading" && end > begin
  const index = traveller.index.value

  const ready = (then: () => void) => (known ? then() : void log.load().then(then))
  const input = (event: InputEvent & { currentTarget: HTMLInputElement }) => {
    const value = event.currentTarget.valueAsNumber
    traveller.pause()
    if (known) return traveller.go(value)
    touched.value = value
    ready(() => {
      const { begin, end } = log.kept
      traveller.go(begin + Math.round((value / PARTS) * (end - begin)))
    })
  }
  const keys = (event: KeyboardEvent) => {
    const act = actionOf(event.key, history)
    if (!act) return
    event.preventDefault()
    traveller.pause()
    ready(act)
  }
  const shown = known ? { min: begin, max: end, value: index ?? end } : { min: 0, max: PARTS, value: touched.value }
  return (
    <div class="time-slider">
      <svg class="time-marks" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
        {MARKS.map((mark) => (
          <path key={mark} class={mark} d={ticks(mark, marks.value.get(mark) ?? [])} />
        ))}
      </svg>
      <input
        type="range"
        step="1"
        {...shown}
        aria-label="Point in time"
        aria-valuetext={spoken(traveller.event, known ? (index ?? end) - begin + 1 : 0, end - begin)}
        onPointerDown={() => ready(() => undefined)}
        onInput={input}
        onKeyDown={keys}
      />
    </div>
  )
}

function actionOf(key: string, { log, traveller }: History): (() => void) | undefined {
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return () => traveller.step(-1)
    case "ArrowRight":
    case "ArrowUp":
      return () => traveller.step(1)
    case "PageDown":
      return () => traveller.jump("task", -1)
    case "PageUp":
      return () => traveller.jump("task", 1)
    case "Home":
      return () => traveller.go(log.kept.begin)
    case "End":
      return () => traveller.now()
    default:
      return undefined
  }
}

/** How a mark is drawn: not by its colour alone. */
const TICKS: Record<Mark, string> = { prompt: "0v10", end: "5.5v4.5", approval: "0v4.5", retraction: "0v10" }

function ticks(mark: Mark, places: readonly number[]): string {
  return places.map((place) => `M${place * 1000} ${TICKS[mark]}`).join("")
}

function spoken(event: { type: string; timestamp: string } | undefined, at: number, of: number): string {
  return event ? `${clock(event.timestamp)}, ${event.type}, event ${at} of ${of}` : "now"
}
