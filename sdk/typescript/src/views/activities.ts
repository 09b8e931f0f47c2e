import type { ActivityFold, Remember } from "./activity.js"
import { planned } from "./plan.js"
import type { Said } from "./said.js"
import type { Activity, OpenApproval, Plan } from "./shapes.js"
import type { Task } from "./tasks.js"
import { Work } from "./work.js"

/** The activities of the newest tasks are kept. */
export const MOST_TASKS = 200

const ENDINGS = { task_completed: "completed", task_failed: "failed", task_cancelled: "cancelled" } as const
const UNDECIDED = { kind: "approval", decision: "", by: "", value: null } as const

export const activities: Remember = (tasks, approvals, plan) => new Activities(tasks, approvals, plan)

class Activities implements ActivityFold {
  #works = new Map<string, Work>()
  #read: ReadonlyMap<string, Activity> | undefined

  /** Begin with what a snapshot knows of open tasks. */
  constructor(tasks: readonly Task[], approvals: readonly OpenApproval[], plan: Plan | null) {
    for (const { prompt: _, ...task } of tasks) {
      this.#of(task.task_id, "").change({ ...task, plan: plan?.task_id === task.task_id ? plan : null })
    }
    for (const { task_id, agent, requested_at: _, ...request } of approvals) {
      this.#of(task_id, agent).put({ ...UNDECIDED, id: request.approval_id, agent, request })
    }
  }

  keep(others: ActivityFold): void {
    const ended = others instanceof Activities ? [...others.#works].filter(([, work]) => work.head.ended_at) : []
    this.#works = new Map([...ended, ...this.#works])
    this.#read = undefined
  }

  #of(taskId: string, agent: string): Work {
    let work = this.#works.get(taskId)
    if (!work) {
      work = new Work({ task_id: taskId, agent })
      this.#works.set(taskId, work)
      for (const oldest of this.#works.keys()) if (this.#works.size > MOST_TASKS) this.#works.delete(oldest)
    }
    return work
  }

  apply(event: Said, task: Task | undefined): void {
    const { id, agent, task_id } = event
    if (!task_id) return
    const work = this.#of(task_id, agent)
    this.#read = undefined
    switch (event.type) {
      case "reasoning":
        return work.thought(event)
      case "tool_call":
        return work.called(event)
      case "step":
        return work.put({ kind: "step", id, agent, ...event.data })
      case "plan_update":
        return work.change({ plan: planned(work.head.plan, event) })
      case "approval_request":
        return work.put({ ...UNDECIDED, id: event.data.approval_id, agent, request: event.data })
      case "approval_resolved":
        return work.decided(event)
      case "workflow_update":
        return work.put({ kind: "hand_off", id, from_agent: agent, ...event.data })
      case "error":
        return work.put({ kind: "problem", id, agent, ...event.error })
      case "task_retracted":
        return work.put({ kind: "retraction", id, ...event.data })
      case "task_completed":
      case "task_failed":
      case "task_cancelled":
        return work.end({ ...event.data, status: ENDINGS[event.type], ended_at: event.timestamp })
      case "task_started":
      case "task_progress":
      case "task_paused":
      case "task_resumed":
        if (task) {
          const { prompt: _, ...standing } = task
          const { detail = "", steps_taken } = event.data
          work.change({ ...standing, detail, steps_taken: steps_taken ?? work.head.steps_taken })
        }
    }
  }

  read(): ReadonlyMap<string, Activity> {
    return (this.#read ??= new Map(Array.from(this.#works, ([id, work]) => [id, work.read()])))
  }

  fork(): Activities {
    const copy = new Activities([], [], null)
    for (const [id, work] of this.#works) copy.#works.set(id, work.fork())
    return copy
  }
}
