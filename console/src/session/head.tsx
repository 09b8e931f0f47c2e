import type { Signal } from "@preact/signals"
import type { Current } from "./current"
import type { Pane } from "./page"

const PANES: [Pane, string][] = [
  ["chat", "Chat"],
  ["graph", "Graph"],
  ["events", "Events"],
]

/** The session's name, how it is connected, and what is shown beside the chat. */
export function SessionHead({ current, pane }: { current: Current; pane: Signal<Pane> }) {
  return (
    <header class="session-head row apart">
      <h1>{current.id}</h1>
      <span class="badge">{current.connection.value.status}</span>
      <div class="tabs" role="tablist" aria-label="What is shown">
        {PANES.map(([name, label]) => (
          <button
            key={name}
            role="tab"
            class={`button quiet ${name === "chat" ? "only-narrow" : ""}`}
            aria-selected={pane.value === name}
            onClick={() => (pane.value = name)}
          >
            {label}
          </button>
        ))}
      </div>
    </header>
  )
}
