import type { AgentStatus } from "../protocol.js"
import { without } from "./lists.js"
import type { Said } from "./said.js"
import type { AgentState } from "./shapes.js"
import { short } from "./text.js"

/** Of more agents, those that have not spoken for longest are forgotten. */
export const MOST_AGENTS = 1_000
/** So many characters of a detail are shown. */
export const DETAIL_SHOWN = 2_000

type Agents = readonly AgentState[]

/** An agent begins, waits or is done. One that is done with a task may be at work at another. */
export function spoken(agents: Agents, { data, task_id, timestamp = "" }: Said<AgentStatus>): Agents {
  const { agent, status, detail = "" } = data
  const before = agents.find((each) => each.agent === agent)
  if (status === "idle" && before && isAtWork(before) && before.task_id !== task_id) return agents
  const others = without(agents, (each) => each === before)
  return [...others, { agent, status, detail: short(detail, DETAIL_SHOWN), task_id, timestamp }].slice(-MOST_AGENTS)
}

/** A task has ended, was paused, or is taken up anew: nobody works at it now, whatever was last said. */
export function left(agents: Agents, taskId: string): Agents {
  const isThere = (each: AgentState) => each.task_id === taskId && isAtWork(each)
  if (!agents.some(isThere)) return agents
  return agents.map((each) => (isThere(each) ? { ...each, status: "idle", detail: "" } : each))
}

function isAtWork({ status }: AgentState): boolean {
  return status === "busy" || status === "waiting"
}
