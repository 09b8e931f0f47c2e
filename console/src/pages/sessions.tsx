import { useState } from "preact/hooks"
import { Loading } from "../parts/loading"
import { useLoaded } from "../parts/loaded"
import { useLookingAgain } from "../parts/looking"
import { Problem } from "../parts/problem"
import { countTasks, listSessions } from "../sessions/calls"
import { SessionList, type State } from "../sessions/list"
import { Start } from "../sessions/start"

const AGAIN_MS = 10_000
const NONE: ReadonlyMap<string, number> = new Map()

/** Where one begins: a box to write in, and below it what was begun before. */
export function SessionsPage() {
  const [pages, setPages] = useState(1)
  const [state, setState] = useState<State>("")
  const sessions = useLoaded((signal) => listSessions(pages, state || undefined, signal), [pages, state])
  const tasks = useLoaded(countTasks, [])
  const again = () => {
    sessions.again()
    tasks.again()
  }
  useLookingAgain(again, AGAIN_MS)
  const isFirst = sessions.value?.total === 0 && !state
  return (
    <div class="page stack wide-gap">
      {sessions.value && <Start isFirst={isFirst} />}
      {sessions.problem && <Problem text={sessions.problem} again={again} />}
      {!sessions.value && !sessions.problem && <Loading label="Asking for your sessions" />}
      {sessions.value && !isFirst && (
        <SessionList
          sessions={sessions.value}
          tasks={tasks.value ?? NONE}
          state={state}
          onState={setState}
          onMore={() => setPages(pages + 1)}
          onChange={again}
        />
      )}
    </div>
  )
}
