import { useSignal, type Signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { ALL, LEVELS, type Filter } from "./filter"
import type { EventLog } from "./log"

/** How long one stops typing before it is searched for (milliseconds). */
const TYPING = 200

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
    <div class="filters">
      <div class="row">
        <SearchBox filter={filter} change={change} />
        <select
          class="input compact"
          aria-label="Task"
          value={task}
          onChange={({ currentTarget }) => change({ task: currentTarget.value })}
        >
          <option value="">All tasks</option>
          {[...log.kept.tasks].map(([id, prompt]) => (
            <option key={id} value={id}>
              {(prompt || id).slice(0, 40)}
            </option>
          ))}
        </select>
        <select
          class="input compact"
          aria-label="Debug level"
          value={level}
          onChange={({ currentTarget }) =>
            change({ level: LEVELS.find((each) => each === currentTarget.value) ?? "debug" })
          }
        >
          {LEVELS.map((each) => (
            <option key={each} value={each}>
              {each === "debug" ? "All debug" : `Debug: ${each}`}
            </option>
          ))}
        </select>
        <label class="check small">
          <input
            type="checkbox"
            checked={connection}
            onChange={({ currentTarget }) => change({ connection: currentTarget.checked })}
          />
          Connection
        </label>
      </div>
      <fieldset class="chips">
        <legend class="hidden">Types</legend>
        {counts.map(([type, count]) => (
          <label key={type} class="chip">
            <input type="checkbox" class="hidden" checked={types.has(type)} onChange={() => toggle(type)} />
            {type} <span class="chip-count">{count.toLocaleString()}</span>
          </label>
        ))}
        {filter.value !== ALL && (
          <button class="button quiet chip-clear" type="button" onClick={() => (filter.value = ALL)}>
            Show all
          </button>
        )}
      </fieldset>
    </div>
  )
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
      class="input compact search"
      aria-label="Text in the events"
      placeholder="Text in the events"
      value={typed.value}
      onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
    />
  )
}
