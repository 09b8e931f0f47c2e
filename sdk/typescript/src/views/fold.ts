import { isEnd } from "../ids.js"
import type { SessionReadyData } from "../protocol.js"
import type { ActivityFold, Remember } from "./activity.js"
import { left, spoken } from "./agents.js"
import { asked, resolved } from "./approvals.js"
import { GraphFold, NO_GRAPH } from "./graph.js"
import { without } from "./lists.js"
import { Messages } from "./messages.js"
import { planned } from "./plan.js"
import { isVoid, type Logged, type Retraction } from "./retraction.js"
import type { Said } from "./said.js"
import type { Activity, SessionState } from "./shapes.js"
import { remembered, updated } from "./state.js"
import { changed, open, started, type Task } from "./tasks.js"

type Folded = "messages" | "graph" | "activities" | "state" | "stateVersion" | "tasks"
type Parts = { -readonly [K in Exclude<keyof SessionState, Folded>]: SessionState[K] } & { tasks: readonly Task[] }

const NONE: ReadonlyMap<string, Activity> = new Map()

/** What events amount to, by the server's rules. What a retraction takes back has to be known before it comes. */
export class Fold {
  #parts: Parts
  #memory
  #messages
  #graph
  #activities: ActivityFold | undefined
  #read: SessionState | undefined

  /** Begin with a snapshot, or with nothing; where `remember` is given, keep what agents do. */
  constructor(data: Partial<SessionReadyData> = {}, remember?: Remember) {
    const { session_id: sessionId = "", status = "active", cursor = "", agent = "", plan = null } = data
    const { approvals = [], agents = [] } = data
    const tasks = open(data.tasks ?? [])
    this.#parts = { sessionId, status, cursor, ready: !!cursor, agent, plan, tasks, approvals, agents }
    this.#memory = remembered(data.state ?? null, data.state_version ?? 0)
    this.#messages = new Messages(data.messages ?? [])
    this.#graph = new GraphFold(data.initial_graph ?? NO_GRAPH)
    this.#activities = remember?.(tasks, approvals, plan)
  }

  /** Keep of another fold of the same session the activities of tasks that ended. */
  keep(other: Fold): void {
    if (other.#activities) this.#activities?.keep(other.#activities)
    this.#read = undefined
  }

  get hasOpenTasks(): boolean {
    return this.#parts.tasks.length > 0
  }

  /** How many nodes and edges it holds. */
  get size(): number {
    return this.#graph.size
  }

  /** Take an event of the log in, or only that it passed, if it is void. */
  take(logged: Logged, retractions: readonly Retraction[]): void {
    const event = { task_id: "", attempt: 0, agent: "", ...logged.event, id: logged.id }
    this.#read = undefined
    this.#parts.sessionId ||= event.session_id ?? ""
    this.#parts.cursor = event.id
    this.#parts.ready = true
    if (isVoid(retractions, logged)) this.#void(event)
    else this.#apply(event)
  }

  /** Of what was taken back only the version stays, for versions never go back. */
  #void(event: Said): void {
    if (event.type === "graph_update") this.#graph.apply(event.data.version, [])
    if (event.type === "state_update") {
      this.#memory = { ...this.#memory, version: Math.max(this.#memory.version, event.data.version) }
    }
  }

  #apply(event: Said): void {
    const parts = this.#parts
    const { task_id } = event
    const before = parts.tasks
    switch (event.type) {
      case "user_prompt":
        return this.#messages.asked(event)
      case "assistant_response":
        return this.#messages.answered(event)
      case "graph_update":
        return this.#graph.apply(event.data.version, event.data.delta)
      case "state_update":
        this.#memory = updated(this.#memory, event.data)
        return
      case "task_started":
        parts.tasks = started(before, event, this.#messages.promptOf(task_id))
        break
      case "task_progress":
      case "task_paused":
      case "task_resumed":
        parts.tasks = changed(before, event)
        if (event.type !== "task_progress") parts.agents = left(parts.agents, task_id)
        break
      case "agent_status":
        parts.agents = spoken(parts.agents, event)
        return
      case "approval_request":
        parts.approvals = asked(parts.approvals, event)
        break
      case "approval_resolved":
        parts.approvals = resolved(parts.approvals, event.data.approval_id)
        break
      case "plan_update":
        parts.plan = planned(parts.plan, event)
        break
      case "session_closed":
        parts.status = "closed"
        break
      default:
        if (!isEnd(event)) break
        parts.tasks = without(before, (each) => each.task_id === task_id)
        parts.approvals = without(parts.approvals, (each) => each.task_id === task_id)
        parts.agents = left(parts.agents, task_id)
    }
    if (parts.tasks.length !== before.length) this.#messages.tasksChanged()
    const task = parts.tasks === before ? undefined : parts.tasks.find((each) => each.task_id === task_id)
    this.#activities?.apply(event, task)
  }

  get state(): SessionState {
    return (this.#read ??= {
      ...this.#parts,
      messages: this.#messages.read((taskId) => this.#parts.tasks.some((task) => task.task_id === taskId)),
      graph: this.#graph.read(),
      state: this.#memory.value,
      stateVersion: this.#memory.version,
      activities: this.#activities?.read() ?? NONE,
    })
  }

  /** Another that goes on from here by itself. */
  fork(): Fold {
    const copy = new Fold()
    copy.#parts = { ...this.#parts }
    copy.#memory = this.#memory
    copy.#messages = this.#messages.fork()
    copy.#graph = this.#graph.fork()
    copy.#activities = this.#activities?.fork()
    return copy
  }
}
