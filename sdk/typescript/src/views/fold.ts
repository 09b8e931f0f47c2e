import type { PuntiniEvent, SessionReadyData, TaskView } from "../protocol.js"
import { Activities } from "./activities.js"
import * as agents from "./agents.js"
import * as approvals from "./approvals.js"
import { GraphFold } from "./graph.js"
import { Messages } from "./messages.js"
import { plan, planned } from "./plan.js"
import { isVoid, type Logged, type Retraction } from "./retraction.js"
import type { SessionState } from "./shapes.js"
import { remembered, updated } from "./state.js"
import * as tasks from "./tasks.js"

type Folded = "messages" | "graph" | "activities" | "state" | "stateVersion"
type Parts = { -readonly [K in Exclude<keyof SessionState, Folded>]: SessionState[K] }

/** What events amount to, by the server's rules. What a retraction takes back has to be known before it comes. */
export class Fold {
  #parts: Parts = {
    sessionId: "",
    status: "active",
    cursor: "",
    ready: false,
    agent: "",
    plan: null,
    tasks: [],
    approvals: [],
    agents: [],
  }
  #memory = remembered(null, 0)
  #messages = new Messages()
  #graph = new GraphFold()
  #activities = new Activities()
  #read: SessionState | undefined

  /** The fold as a snapshot shows it. */
  static of(data: SessionReadyData): Fold {
    const fold = new Fold()
    fold.#parts = {
      sessionId: data.session_id,
      status: data.status,
      cursor: data.cursor,
      ready: true,
      agent: data.agent,
      plan: plan(data.plan),
      tasks: tasks.open(data.tasks),
      approvals: data.approvals ?? [],
      agents: agents.latest(data.agents),
    }
    fold.#memory = remembered(data.state, data.state_version ?? 0)
    fold.#messages.load(data.messages)
    fold.#graph.load(data.initial_graph)
    fold.#activities.load(data)
    return fold
  }

  /** Keep of another fold of the same session the activities that can't have changed since: those of ended tasks. */
  keep(other: Fold): void {
    this.#activities.keep(other.#activities)
  }

  get hasOpenTasks(): boolean {
    return this.#parts.tasks.length > 0
  }

  /** About how many things it holds. */
  get size(): number {
    return this.#graph.size
  }

  /** Take an event of the log in, or only that it passed, if it is void. */
  take(logged: Logged, retractions: readonly Retraction[]): void {
    const { event } = logged
    this.#read = undefined
    this.#parts.sessionId ||= event.session_id ?? ""
    this.#parts.cursor = ("id" in event && event.id) || this.#parts.cursor
    this.#parts.ready = true
    if (isVoid(retractions, logged)) this.#void(event)
    else this.#apply(event)
  }

  /** Of what was taken back only the version stays, for versions never go back. */
  #void(event: PuntiniEvent): void {
    if (event.type === "graph_update") this.#graph.apply(event.data.version, [])
    if (event.type === "state_update") {
      this.#memory = { ...this.#memory, version: Math.max(this.#memory.version, event.data.version) }
    }
  }

  #apply(event: PuntiniEvent): void {
    const parts = this.#parts
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
        return this.#stand(event, tasks.started(parts.tasks, event, this.#messages.promptOf(event.task_id ?? "")))
      case "task_paused":
      case "task_resumed":
        parts.agents = agents.left(parts.agents, event.task_id ?? "")
        return this.#stand(event, tasks.changed(parts.tasks, event))
      case "task_progress":
        return this.#stand(event, tasks.changed(parts.tasks, event))
      case "task_completed":
      case "task_failed":
      case "task_cancelled":
        parts.approvals = approvals.dropped(parts.approvals, event.task_id ?? "")
        parts.agents = agents.left(parts.agents, event.task_id ?? "")
        return this.#stand(event, tasks.ended(parts.tasks, event.task_id ?? ""))
      case "agent_status":
        parts.agents = agents.spoken(parts.agents, event)
        return
      case "approval_request":
        parts.approvals = approvals.asked(parts.approvals, event)
        break
      case "approval_resolved":
        parts.approvals = approvals.resolved(parts.approvals, event.data.approval_id)
        break
      case "plan_update":
        parts.plan = planned(parts.plan, event)
        break
      case "session_closed":
        parts.status = "closed"
        return
    }
    this.#activities.apply(event)
  }

  #stand(event: PuntiniEvent & { task_id?: string }, now: readonly TaskView[]): void {
    const before = this.#parts.tasks
    this.#parts.tasks = now
    if (now.length !== before.length) this.#messages.tasksChanged()
    const task = now === before ? undefined : now.find((each) => each.task_id === event.task_id)
    this.#activities.apply(event, task)
  }

  get state(): SessionState {
    return (this.#read ??= {
      ...this.#parts,
      messages: this.#messages.read((taskId) => this.#parts.tasks.some((task) => task.task_id === taskId)),
      graph: this.#graph.read(),
      state: this.#memory.value,
      stateVersion: this.#memory.version,
      activities: this.#activities.read(),
    })
  }

  /** Another that goes on from here by itself. */
  fork(): Fold {
    const copy = new Fold()
    copy.#parts = { ...this.#parts }
    copy.#memory = this.#memory
    copy.#messages = this.#messages.fork()
    copy.#graph = this.#graph.fork()
    copy.#activities = this.#activities.fork()
    copy.#read = this.#read
    return copy
  }
}
