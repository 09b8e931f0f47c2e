import { useSignal, type Signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { Select } from "../parts/select"
import { ALL, type Filter, type Level } from "./filter"
import type { EventLog } from "./log"

/** How long one stops typing before it is searched for (milliseconds). */
const TYPING = 200

const LEVEL_NAMES: readonly (readonly [Level, string])[] = [
  ["debug", "All debug"],
  ["info", "Debug: info"],
  ["warning", "Debug: warning"],
  ["error", "Debug: error"],
]

/** What chooses which events are shown. */
export function Filters({ log, filter }: { log: EventLog; filter: Signal<Filter> }) {
  log.growth.value
  const change = (part: Partial<Filter>) => (filter.value = { ...filter.peek(), ...part })
  const { types, task, level, connection } = filter.value
  const counts = [...log.kept.types].filter(([type, count]) => count || types.has(type))
  const toggle = (type: string) => {
    const next = new Set(types)
    if (!next.delete(type)) next.add(type)
    change({ types: next })
  }
  return (
    <div class="event-filters">
      <div class="row">
        <SearchBox filter={filter} change={change} />
        <Select
          label="Task"
          options={[["", "All tasks"], ...[...log.kept.tasks].map(([id, prompt]) => named(id, prompt))]}
          chosen={task}
          onChoose={(task) => change({ task })}
        />
        <Select label="Debug level" options={LEVEL_NAMES} chosen={level} onChoose={(level) => change({ level })} />
        <label class="check small">
          <input
            type="checkbox"
            checked={connection}
            onChange={({ currentTarget }) => change({ connection: currentTarget.checked })}
          />
          Connection
        </label>
      </div>
      <fieldset class="type-chips">
        <legend class="hidden">Types</legend>
        {counts.map(([type, count]) => (
          <label key={type} class="type-chip">
            <input type="checkbox" class="hidden" checked={types.has(type)} onChange={() => toggle(type)} />
            {type} <span class="type-count">{count.toLocaleString()}</span>
          </label>
        ))}
        {filter.value !== ALL && (
          <button class="button quiet types-clear" type="button" onClick={() => (filter.value = ALL)}>
            Show all
          </button>
        )}
      </fieldset>
    </div>
  )
}

function named(id: string, prompt: string): readonly [string, string] {
  return [id, (prompt || id).slice(0, 40)]
}

function SearchBox({ filter, change }: { filter: Signal<Filter>; change: (part: Partial<Filter>) => void }) {
  const typed = useSignal(filter.value.text)
  useEffect(() => {
    if (typed.value === filter.peek().text) return
    const timer = setTimeout(() => change({ text: typed.value }), TYPING)
    return () => clearTimeout(timer)
  }, [typed.value])
  useEffect(() => {
    typed.value = filter.value.text
  }, [filter.value.text])
  return (
    <input
      type="search"
      class="input grow event-search"
      aria-label="Text in the events"
      placeholder="Text in the events"
      value={typed.value}
      onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
    />
  )
}
