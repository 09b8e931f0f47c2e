import type { PuntiniEvent, SessionReadyData, TaskView } from "../protocol.js"
import { planned } from "./plan.js"
import type { Activity } from "./shapes.js"
import { Work } from "./work.js"

/** The activities of the newest tasks are kept. */
export const MOST_TASKS = 200

const ENDINGS = { task_completed: "completed", task_failed: "failed", task_cancelled: "cancelled" } as const

/** What each task's agents did, by task. */
export class Activities {
  #works = new Map<string, Work>()
  #read: ReadonlyMap<string, Activity> | undefined

  /** Begin anew with the tasks of a snapshot. */
  load({ tasks, approvals = [], plan }: SessionReadyData): void {
    for (const task of tasks) this.of(task.task_id, task.agent).stand(task)
    for (const { task_id, agent, requested_at: _, ...request } of approvals) {
      this.of(task_id, agent).put({ ...UNDECIDED, id: request.approval_id, agent, request })
    }
    const planner = plan?.task_id ? this.#works.get(plan.task_id) : undefined
    if (plan) planner?.change({ plan: { last_reflection: "", task_id: "", updated_at: "", ...plan } })
  }

  /** Keep what is known of tasks that ended and of which the other knows nothing. */
  keep(others: Activities): void {
    const ended = [...others.#works].filter(([id, work]) => work.head.ended_at && !this.#works.has(id))
    this.#works = new Map([...ended, ...this.#works])
    this.#read = undefined
  }

  /** The work of a task, that of a new one too. */
  of(taskId: string, agent = ""): Work {
    this.#read = undefined
    const known = this.#works.get(taskId)
    if (known) return known
    const work = new Work(taskId, agent)
    this.#works.set(taskId, work)
    if (this.#works.size > MOST_TASKS) for (const oldest of this.#works.keys()) return this.#without(oldest, work)
    return work
  }

  #without(oldest: string, work: Work): Work {
    this.#works.delete(oldest)
    return work
  }

  /** Take in what an agent did, or a person decided; `task` is how the event's task stands, if that changed. */
  apply(event: PuntiniEvent, task?: TaskView): void {
    if (!("task_id" in event && event.task_id && event.id)) return
    const { id, agent = "", task_id: taskId } = event
    const work = () => this.of(taskId, agent)
    switch (event.type) {
      case "reasoning":
        return work().thought(event)
      case "tool_call":
        return work().called(event)
      case "step": {
        const { tool_calls: _, ...step } = event.data
        return work().put({ kind: "step", id, agent, ...step })
      }
      case "plan_update":
        return work().change({ plan: planned(work().head.plan, event) })
      case "approval_request":
        return work().put({ ...UNDECIDED, id: event.data.approval_id, agent, request: event.data })
      case "approval_resolved":
        return work().decided(event)
      case "workflow_update": {
        const { from_agent = agent, to_agent, reason } = event.data
        return work().put({ kind: "hand_off", id, from_agent, to_agent, reason })
      }
      case "error":
        return work().put({ kind: "problem", id, agent, code: event.error.code, message: event.error.message })
      case "task_retracted":
        return work().put({ kind: "retraction", id, attempt: event.data.attempt })
      case "task_started":
      case "task_progress":
      case "task_paused":
      case "task_resumed": {
        if (!task) return
        work().stand(task)
        const { detail = "", steps_taken } = event.data
        return work().change({ detail, steps_taken: steps_taken ?? work().head.steps_taken })
      }
      case "task_completed":
      case "task_failed":
      case "task_cancelled": {
        const { duration_seconds, usage, error = "" } = event.data
        return work().end({ status: ENDINGS[event.type], ended_at: event.timestamp, duration_seconds, usage, error })
      }
    }
  }

  read(): ReadonlyMap<string, Activity> {
    return (this.#read ??= new Map(Array.from(this.#works, ([id, work]) => [id, work.read()])))
  }

  fork(): Activities {
    const copy = new Activities()
    copy.#works = new Map(Array.from(this.#works, ([id, work]) => [id, work.fork()]))
    copy.#read = this.#read
    return copy
  }
}

const UNDECIDED = { kind: "approval", decision: "", by: "", value: null } as const
