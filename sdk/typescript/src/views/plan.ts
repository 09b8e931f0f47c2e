import type { PlanUpdate } from "../protocol.js"
import type { Said } from "./said.js"
import type { Plan } from "./shapes.js"

/** The newest plan stands; what was thought of it stays until something else is, or another task plans. */
export function planned(before: Plan | null, { data, task_id, timestamp: updated_at }: Said<PlanUpdate>): Plan {
  const kept = before?.task_id === task_id ? before.last_reflection : ""
  return { ...data, last_reflection: data.last_reflection || kept, task_id, updated_at }
}
