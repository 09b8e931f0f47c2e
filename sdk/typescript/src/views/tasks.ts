import type { TaskPaused, TaskProgress, TaskResumed, TaskStarted, TaskView } from "../protocol.js"
import type { Said } from "./said.js"
import { short } from "./text.js"

/** Tasks that start beyond this are not shown. */
export const MOST_OPEN = 1_000
/** So many characters of its prompt are shown with a task. */
export const PROMPT_SHOWN = 2_000

type Tasks = readonly Task[]
type Change = TaskProgress | TaskPaused | TaskResumed
type Status = TaskView["status"]
export type Task = Required<TaskView>

const BEGUN: readonly Status[] = ["queued", "running"]
const WORKING = { task_progress: ["running", "waiting"], task_paused: ["paused"], task_resumed: BEGUN }

/** From each status: which event may lead to which. What is not here changes nothing; an end ends from anywhere. */
const CHANGES: Partial<Record<Status, Partial<Record<Change["type"], readonly string[]>>>> = {
  queued: { ...WORKING, task_progress: BEGUN },
  running: WORKING,
  waiting: WORKING,
  paused: { task_resumed: BEGUN },
}

/** A task was accepted. */
export function started(tasks: Tasks, event: Said<TaskStarted>, prompt: string): Tasks {
  const { task_id, agent, attempt, timestamp: started_at, data } = event
  const { status, progress = null } = data
  const isKnown = tasks.some((each) => each.task_id === task_id)
  if (isKnown || tasks.length >= MOST_OPEN || !BEGUN.includes(status)) return tasks
  return [...tasks, { task_id, agent, attempt, status, progress, started_at, prompt: short(prompt, PROMPT_SHOWN) }]
}

/** A task goes on, comes to rest or is taken up again. */
export function changed(tasks: Tasks, { type, task_id, attempt, data: { status, progress } }: Said<Change>): Tasks {
  const at = tasks.findIndex((each) => each.task_id === task_id)
  const task = tasks[at]
  if (!task || !CHANGES[task.status]?.[type]?.includes(status)) return tasks
  return tasks.with(at, {
    ...task,
    status,
    attempt: Math.max(task.attempt, attempt),
    progress: progress ?? task.progress,
  })
}

/** What a snapshot shows. */
export function open(tasks: readonly TaskView[]): Tasks {
  return tasks.map((each) => ({ prompt: "", agent: "", attempt: 0, progress: null, started_at: "", ...each }))
}
