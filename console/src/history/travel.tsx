import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { Icon as Sign } from "../parts/icon"
import { Select } from "../parts/select"
import type { Current } from "../session/current"
import { keepInAddress } from "./address"
import { PastBanner } from "./banner"
import { Fork } from "./fork"
import { Icon } from "./icons"
import type { Stop } from "./landmarks"
import { PACES } from "./pace"
import { ReadingNote } from "./reading"
import { TimeSlider } from "./slider"

const STOPS: readonly (readonly [Stop, string])[] = [
  ["task", "by task"],
  ["message", "by message"],
  ["graph", "by graph change"],
]

const NAMES = { task: "task", message: "message", graph: "graph change" }

/** The session's past: a slider over its log that shows conversation and graph as they were, and plays them. */
export function TimeTravel({ current }: { current: Current }) {
  const { history } = current
  const { log, traveller } = history
  useEffect(() => keepInAddress(log, traveller), [log, traveller])
  const box = useRef<HTMLDivElement>(null)
  const back = () => {
    traveller.now()
    box.current?.querySelector<HTMLElement>("[type=range]")?.focus()
  }
  return (
    <div ref={box} class="travel">
      {traveller.lost.value && (
        <div class="past-banner" role="alert">
          <p>The moment that the address names is not in this log: here is the present.</p>
          <button class="button" onClick={() => (traveller.lost.value = false)}>
            Close
          </button>
        </div>
      )}
      {traveller.index.value !== null && <PastBanner current={current} back={back} />}
      <div class="travel-bar">
        <Buttons current={current} />
        <TimeSlider history={history} />
        <Select
          label="Speed"
          options={PACES.map(({ label }) => [label, label])}
          chosen={traveller.pace.value.label}
          onChoose={(label) => (traveller.pace.value = PACES.find((each) => each.label === label) ?? PACES[0])}
        />
        {traveller.index.value === null && (
          <Fork session={current.id} label="Fork from now">
            <Sign name="fork" />
          </Fork>
        )}
      </div>
      <ReadingNote log={log} />
    </div>
  )
}

function Buttons({ current }: { current: Current }) {
  const { log, traveller } = current.history
  const stop = useSignal<Stop>("task")
  const name = NAMES[stop.value]
  const playing = traveller.playing.value
  const ready = (then: () => void) => () => {
    traveller.pause()
    const { status } = log.reading.value
    if (status === "complete" || status === "stopped") then()
    else void log.load().then(then)
  }
  const past = traveller.index.value !== null
  return (
    <div class="travel-buttons" role="group" aria-label="Replay">
      <Press label={`Previous ${name}`} shape="previous" act={ready(() => traveller.jump(stop.value, -1))} />
      <Press label="One event back" shape="back" act={ready(() => traveller.step(-1))} />
      {playing ? (
        <Press label="Pause the replay" shape="pause" act={() => traveller.pause()} />
      ) : (
        <Press label={past ? "Play on" : "Play from the beginning"} shape="play" act={ready(() => traveller.play())} />
      )}
      <Press label="One event on" shape="on" act={ready(() => traveller.step(1))} idle={!past} />
      <Press label={`Next ${name}`} shape="next" act={ready(() => traveller.jump(stop.value, 1))} idle={!past} />
      <Select label="Jump by" options={STOPS} chosen={stop.value} onChoose={(chosen) => (stop.value = chosen)} />
    </div>
  )
}

interface PressProps {
  label: string
  shape: Parameters<typeof Icon>[0]["shape"]
  act: () => void
  /** It would do nothing now; still it can have the focus. */
  idle?: boolean
}

function Press({ label, shape, act, idle = false }: PressProps) {
  return (
    <button class="button quiet icon-only" aria-label={label} title={label} onClick={act} aria-disabled={idle}>
      <Icon shape={shape} />
    </button>
  )
}
