import type { Page, TaskInfo } from "@puntini/client"
import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { Time } from "../../parts/time"
import { Select } from "../../parts/select"
import { useTitle } from "../../parts/title"
import { to } from "../../route"
import { AgentChoice } from "../agent-choice"
import { PageHead } from "../head"
import { useLive } from "../live"
import { Pager } from "../pager"
import { ask, asked, askedOffset } from "../query"
import { Shown } from "../shown"
import { Status } from "../status"

const SIZE = 25
const EVERY = 3000
const STATUSES = [
  ["", "Any status"],
  ...["running", "queued", "waiting", "paused", "completed", "failed", "cancelled"].map(
    (each) => [each, each] as const,
  ),
] as const

interface Filter {
  readonly status: string
  readonly agent: string
  readonly session_id: string
}

/** The latest first: the API has the oldest first, so the end is looked for, and turned around. */
async function latest(filter: Filter, offset: number, signal: AbortSignal): Promise<Page<TaskInfo>> {
  const query = {
    status: filter.status || "all",
    agent: filter.agent || undefined,
    session_id: filter.session_id || undefined,
  }
  const page = (part: { limit: number; offset: number }) => client.tasks.list({ ...query, ...part, signal })
  const { total } = await page({ limit: 1, offset: 0 })
  const end = total - offset
  if (end <= 0) return { items: [], total }
  const first = Math.max(0, end - SIZE)
  const { items } = await page({ limit: end - first, offset: first })
  return { items: [...items].reverse(), total }
}

/** All tasks that one may see, as they come and end. */
export function TaskList() {
  useTitle("Tasks")
  const filter = { status: asked("status"), agent: asked("agent"), session_id: asked("session") }
  const offset = askedOffset()
  const tasks = useLive(JSON.stringify([filter, offset]), (signal) => latest(filter, offset, signal), { every: EVERY })
  return (
    <div class="page stack">
      <PageHead title="Tasks" />
      <Filters {...filter} />
      <Shown of={tasks}>
        {({ items, total }) =>
          items.length === 0 ? (
            <NoTasks filter={filter} />
          ) : (
            <>
              <ul class="rows">
                {items.map((task) => (
                  <Row key={task.task_id} task={task} />
                ))}
              </ul>
              <Pager total={total} size={SIZE} of="tasks" />
            </>
          )
        }
      </Shown>
    </div>
  )
}

function Filters({ status, agent, session_id }: Filter) {
  return (
    <div class="row filters" role="group" aria-label="Filters">
      <Select label="Status" options={STATUSES} chosen={status} onChoose={(chosen) => ask({ status: chosen })} />
      <AgentChoice label="Agent" none="Any agent" value={agent} onChange={(chosen) => ask({ agent: chosen })} />
      {session_id && (
        <button class="button" onClick={() => ask({ session: "" })}>
          Only one session <span aria-hidden="true">×</span>
          <span class="hidden">: show all</span>
        </button>
      )}
    </div>
  )
}

function Row({ task }: { task: TaskInfo }) {
  return (
    <li>
      <a class="rowlink" href={to("tasks", task.task_id)}>
        <span class="clamp one">{task.task}</span>
        <span class="row small soft meta">
          <span>{task.agent}</span>
          <Time at={task.submitted_at} />
        </span>
        <Status of={task.status} />
      </a>
    </li>
  )
}

function NoTasks({ filter }: { filter: Filter }) {
  if (filter.status || filter.agent || filter.session_id) {
    return (
      <Empty title="No such tasks">
        <a class="button" href={to("tasks")}>
          Show all
        </a>
      </Empty>
    )
  }
  return (
    <Empty title="Nothing was asked yet">
      <p class="soft">
        Ask an agent something in a <a href={to("sessions")}>session</a>, and the task is here.
      </p>
    </Empty>
  )
}
