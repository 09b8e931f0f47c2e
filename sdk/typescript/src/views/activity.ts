import type { Said } from "./said.js"
import type { Activity, OpenApproval, Plan } from "./shapes.js"
import type { Task } from "./tasks.js"

/** What each task's agents did, by task. */
export interface ActivityFold {
  /** Keep of another what can't have changed since: the activities of tasks that ended. */
  keep(others: ActivityFold): void
  /** Take in what agents did and people decided; `task` is how the event's task stands, where it says that. */
  apply(event: Said, task: Task | undefined): void
  read(): ReadonlyMap<string, Activity>
  /** Another that goes on from here by itself. */
  fork(): ActivityFold
}

/** Begins with what a snapshot knows of open tasks. */
export type Remember = (tasks: readonly Task[], approvals: readonly OpenApproval[], plan: Plan | null) => ActivityFold
