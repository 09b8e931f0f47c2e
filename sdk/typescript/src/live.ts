import type { Http } from "./http.js"
import type { AcceptedData, GraphOp, PuntiniEvent } from "./protocol.js"
import { EventStream, type Connection, type StreamOptions } from "./stream/stream.js"
import { SessionView } from "./views/session.js"
import type { SessionState } from "./views/shapes.js"

export interface SendOptions {
  agent?: string
  maxSteps?: number
  ifBusy?: "enqueue" | "reject" | "interrupt" | "steer"
  /** Yours, where a retry of yours shall count as the same; else one is made. */
  commandId?: string
  signal?: AbortSignal
}

/** A session that is followed: its state kept up to date, and commands that are safe to repeat. */
export class LiveSession {
  readonly id: string
  readonly stream: EventStream
  readonly #http: Http
  readonly #view = new SessionView()
  readonly #listeners = new Set<() => void>()
  #told = false

  constructor(http: Http, id: string, options: StreamOptions = {}) {
    this.id = id
    this.#http = http
    this.stream = new EventStream(http, `/v1/sessions/${encodeURIComponent(id)}/stream`, options)
    this.stream.on("event", (event) => this.#take(event))
  }

  /** What the session amounts to by now. A new object whenever something changed. */
  get state(): SessionState {
    return this.#view.state
  }

  get connection(): Connection {
    return this.stream.connection
  }

  /** Call `listener` when `state` or `connection` changed, at most once for what arrives together. Returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Ask the agent something. */
  send(prompt: string, options: SendOptions = {}): Promise<AcceptedData> {
    const data = { prompt, agent: options.agent, max_steps: options.maxSteps, if_busy: options.ifBusy }
    return this.#command("user_prompt", data, options)
  }

  /** Decide what an agent asked. */
  approve(approvalId: string, decision: string, value?: unknown, options: SendOptions = {}): Promise<AcceptedData> {
    return this.#command("approval_response", { approval_id: approvalId, decision, value }, options)
  }

  pause(taskId: string): Promise<AcceptedData> {
    return this.#command("control", { task_id: taskId, action: "pause" })
  }

  resume(taskId: string): Promise<AcceptedData> {
    return this.#command("control", { task_id: taskId, action: "resume" })
  }

  stop(taskId: string): Promise<AcceptedData> {
    return this.#command("control", { task_id: taskId, action: "stop" })
  }

  /** Change the graph beside the agent; `baseVersion` is the version that was seen, by default the present one. */
  editGraph(delta: readonly GraphOp[], options: SendOptions & { baseVersion?: number } = {}): Promise<AcceptedData> {
    return this.#command(
      "graph_edit",
      { base_version: options.baseVersion ?? this.state.graph.version, delta },
      options,
    )
  }

  /** Hand a user-interface action to the task that runs. */
  action(name: string, args: Record<string, unknown> = {}): Promise<AcceptedData> {
    return this.#command("action", { name, arguments: args })
  }

  /** Stop following. The session goes on. */
  close(): void {
    this.stream.close()
  }

  #command(type: string, data: object, options: SendOptions = {}): Promise<AcceptedData> {
    const body = { type, command_id: options.commandId ?? crypto.randomUUID(), data }
    return this.#http.ask(`/v1/sessions/${encodeURIComponent(this.id)}/commands`, {
      method: "POST",
      body,
      signal: options.signal,
    })
  }

  #take(event: PuntiniEvent): void {
    this.#view.apply(event)
    if (this.#told) return
    this.#told = true
    queueMicrotask(() => {
      this.#told = false
      for (const listener of this.#listeners) listener()
    })
  }
}
