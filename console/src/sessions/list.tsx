import { useState } from "preact/hooks"
import type { Page, SessionInfo } from "@puntini/client"
import { Empty } from "../parts/empty"
import { Select } from "../parts/select"
import { SessionRow } from "./row"

const STATES = [
  ["", "All"],
  ["active", "Open"],
  ["closed", "Closed"],
] as const
export type State = (typeof STATES)[number][0]

interface ListOptions {
  sessions: Page<SessionInfo>
  tasks: ReadonlyMap<string, number>
  state: State
  onState: (state: State) => void
  onMore: () => void
  onChange: () => void
}

/** The sessions, newest first. What is searched are those that are shown, for the server knows no search by title. */
export function SessionList({ sessions, tasks, state, onState, onMore, onChange }: ListOptions) {
  const [sought, setSought] = useState("")
  const found = sessions.items.filter((each) => holds(each, sought))
  const isMore = sessions.items.length < sessions.total
  return (
    <section class="stack" aria-labelledby="sessions-title">
      <div class="row apart">
        <h2 id="sessions-title">
          Sessions <span class="soft count">{sessions.total}</span>
        </h2>
        <div class="row">
          <input
            class="input search"
            type="search"
            aria-label="Search the sessions"
            placeholder="Search"
            value={sought}
            onInput={(event) => setSought(event.currentTarget.value)}
          />
          <Select label="Which sessions" options={STATES} chosen={state} onChoose={onState} />
        </div>
      </div>
      {found.length === 0 && <Empty title={sought ? `None of these holds “${sought}”.` : "There is none of these."} />}
      {found.length > 0 && (
        <ul class="session-rows">
          {found.map((each) => (
            <SessionRow
              key={each.session_id}
              session={each}
              tasks={tasks.get(each.session_id) ?? 0}
              onChange={onChange}
            />
          ))}
        </ul>
      )}
      {isMore && (
        <p class="row center">
          <button type="button" class="button" onClick={onMore}>
            More
          </button>
          <span class="soft small">{`The newest ${sessions.items.length} of ${sessions.total} are shown${sought && " and searched"}.`}</span>
        </p>
      )}
    </section>
  )
}

function holds({ title, agent, owner, session_id }: SessionInfo, sought: string): boolean {
  const words = sought.toLowerCase().split(/\s+/).filter(Boolean)
  const text = `${title} ${agent} ${owner} ${session_id}`.toLowerCase()
  return words.every((each) => text.includes(each))
}
