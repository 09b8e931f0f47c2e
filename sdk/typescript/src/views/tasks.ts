import type { TaskPaused, TaskProgress, TaskResumed, TaskStarted, TaskView } from "../protocol.js"
import { short } from "./text.js"

/** Tasks that start beyond this are not shown. */
export const MOST_OPEN = 1_000
/** So many characters of its prompt are shown with a task. */
export const PROMPT_SHOWN = 2_000

type Tasks = readonly TaskView[]
type Change = TaskProgress | TaskPaused | TaskResumed
type Status = TaskView["status"]

const BEGUN: readonly Status[] = ["queued", "running"]
const AT_WORK: readonly Status[] = ["running", "waiting"]
const PAUSED: readonly Status[] = ["paused"]
const WORKING = { task_progress: AT_WORK, task_paused: PAUSED, task_resumed: BEGUN }

/** From each status: which event may lead to which. What is not here changes nothing; an end ends from anywhere. */
const CHANGES: Partial<Record<Status, Partial<Record<Change["type"], readonly Status[]>>>> = {
  queued: { ...WORKING, task_progress: BEGUN },
  running: WORKING,
  waiting: WORKING,
  paused: { task_resumed: BEGUN },
}

/** A task was accepted. */
export function started(tasks: Tasks, event: TaskStarted, prompt: string): Tasks {
  const { task_id = "", agent = "", attempt = 0, timestamp, data } = event
  const isKnown = tasks.some((each) => each.task_id === task_id)
  if (isKnown || tasks.length >= MOST_OPEN || !BEGUN.includes(data.status)) return tasks
  const shown = { prompt: short(prompt, PROMPT_SHOWN), progress: data.progress ?? null, started_at: timestamp }
  return [...tasks, { task_id, agent, attempt, status: data.status, ...shown }]
}

/** A task goes on, comes to rest or is taken up again. */
export function changed(tasks: Tasks, { type, task_id = "", attempt = 0, data }: Change): Tasks {
  const task = tasks.find((each) => each.task_id === task_id)
  if (!task || !CHANGES[task.status]?.[type]?.includes(data.status)) return tasks
  const changed = {
    ...task,
    status: data.status,
    attempt: Math.max(task.attempt ?? 0, attempt),
    progress: data.progress ?? task.progress ?? null,
  }
  return tasks.map((each) => (each === task ? changed : each))
}

/** A task has ended. */
export function ended(tasks: Tasks, taskId: string): Tasks {
  return tasks.some((each) => each.task_id === taskId) ? tasks.filter((each) => each.task_id !== taskId) : tasks
}

/** What a snapshot shows. */
export function open(tasks: Tasks): Tasks {
  return tasks.map((each) => ({ prompt: "", agent: "", attempt: 0, progress: null, started_at: "", ...each }))
}
