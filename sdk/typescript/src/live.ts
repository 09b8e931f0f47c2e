import { path, type CallOptions, type Calls, type PageOptions } from "./calls.js"
import { PuntiniError } from "./errors.js"
import type { Listing } from "./listing.js"
import type { AcceptedData, ApprovalResponseData, Command, GraphOpInput, Message, PuntiniEvent } from "./protocol.js"
import { randomId } from "./random.js"
import type { PendingResult, SessionInfo, TaskResult } from "./resources.js"
import { events } from "./resources/events.js"
import { EventStream, type Connection, type StreamOptions } from "./stream/stream.js"
import { SessionView } from "./views/session.js"
import type { SessionState } from "./views/shapes.js"

const HISTORY_EVENTS = 20_000
/** How often a log that grows while it is read is asked for the rest. */
const ROUNDS = 10

export interface LiveOptions extends StreamOptions {
  /**
   * `"auto"`: a snapshot first, and then, where the log has at most 20,000 events, all of it: what agents did before is
   * in `state.activities`, too. Otherwise the stream begins where `after` says.
   */
  history?: "auto"
}

export interface CommandOptions extends CallOptions {
  /** Yours, where a retry of yours shall count as the same; else one is made. */
  commandId?: string | undefined
}

export interface SendOptions extends CommandOptions {
  agent?: string | undefined
  maxSteps?: number | undefined
  ifBusy?: "enqueue" | "reject" | "interrupt" | "steer" | undefined
}

/**
 * A session that is followed: its state kept up to date, and commands that are safe to repeat.
 *
 * A command is sent through the stream's WebSocket where there is one, else by HTTP, up to four times under the same id.
 */
export class LiveSession {
  readonly id: string
  readonly stream: EventStream
  readonly #calls: Calls
  readonly #history: boolean
  readonly #listeners = new Set<() => void>()
  readonly #aborter = new AbortController()
  #view = new SessionView()
  #told = false
  #filling = false

  constructor(calls: Calls, id: string, { history, ...options }: LiveOptions = {}) {
    this.id = id
    this.#calls = calls
    this.#history = history === "auto"
    this.stream = new EventStream(calls.http, path`/v1/sessions/${id}/stream`, options)
    this.stream.on("event", (event) => this.#take(event))
    this.stream.on("connection", () => this.#tell())
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
    const { agent, maxSteps: max_steps, ifBusy: if_busy } = options
    return this.#command({ type: "user_prompt", data: known({ prompt, agent, max_steps, if_busy }) }, options)
  }

  /** Decide what an agent asked: `"approved"`, `"denied"`, or `"answered"` with a value. */
  approve(
    approvalId: string,
    decision: ApprovalResponseData["decision"],
    value?: unknown,
    options?: CommandOptions,
  ): Promise<AcceptedData> {
    const data = known({ approval_id: approvalId, decision, value })
    return this.#command({ type: "approval_response", data }, options)
  }

  /** Stop a task at a safe point, to be resumed. */
  pause(taskId: string, options?: CommandOptions): Promise<AcceptedData> {
    return this.#command({ type: "control", data: { task_id: taskId, action: "pause" } }, options)
  }

  resume(taskId: string, options?: CommandOptions): Promise<AcceptedData> {
    return this.#command({ type: "control", data: { task_id: taskId, action: "resume" } }, options)
  }

  /** Stop a task, for good. */
  stop(taskId: string, options?: CommandOptions): Promise<AcceptedData> {
    return this.#command({ type: "control", data: { task_id: taskId, action: "stop" } }, options)
  }

  /** Change the graph beside the agent; `baseVersion` is the version that was seen, by default the present one. */
  editGraph(delta: GraphOpInput[], options: CommandOptions & { baseVersion?: number } = {}): Promise<AcceptedData> {
    const base_version = options.baseVersion ?? this.state.graph.version
    return this.#command({ type: "graph_edit", data: { base_version, delta } }, options)
  }

  /** Hand a user-interface action to the task that runs. */
  action(name: string, args: Record<string, unknown> = {}, options?: CommandOptions): Promise<AcceptedData> {
    return this.#command({ type: "action", data: { name, arguments: args } }, options)
  }

  /** End the session, for everybody. */
  closeSession(reason = "", options?: CommandOptions): Promise<AcceptedData> {
    return this.#command({ type: "close_session", data: { reason } }, options)
  }

  /** The messages before those in `state`, the newest page first. */
  history(options: CallOptions & { before?: string; limit?: number } = {}): Listing<Message> {
    const query: PageOptions & { before?: string | undefined } = { before: this.state.messages[0]?.id, ...options }
    return this.#calls.list(path`/v1/sessions/${this.id}/messages`, query)
  }

  /** The state, as soon as it is as `predicate` wants it. Rejects when the stream is closed before that. */
  waitFor(predicate: (state: SessionState) => boolean, { signal }: CallOptions = {}): Promise<SessionState> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        stop()
        signal?.removeEventListener("abort", aborted)
        done()
      }
      const aborted = () => settle(() => reject(signal?.reason))
      const look = () => {
        if (predicate(this.state)) settle(() => resolve(this.state))
        else if (this.connection.status === "closed") settle(() => reject(closed(this.connection.reason)))
      }
      const stop = this.subscribe(look)
      signal?.addEventListener("abort", aborted)
      if (signal?.aborted) aborted()
      else look()
    })
  }

  /** What a task of the session came to, when it has ended. */
  async task(taskId: string, options: CallOptions = {}): Promise<TaskResult> {
    let isOver = false
    const stop = this.stream.on("event", (event) => {
      // After a snapshot nothing tells of what ended before it.
      isOver ||=
        event.type === "session_ready" || (event.type in ENDS && "task_id" in event && event.task_id === taskId)
    })
    try {
      for (;;) {
        isOver = false
        const found = await this.#calls.get<TaskResult | PendingResult>(path`/v1/tasks/${taskId}/result`, options)
        if ("success" in found) return found
        await this.waitFor(() => isOver, options)
      }
    } finally {
      stop()
    }
  }

  /** Stop following. The session goes on. */
  close(): void {
    this.#aborter.abort()
    this.stream.close()
  }

  async #command(command: Command, { commandId = randomId(), signal }: CommandOptions = {}): Promise<AcceptedData> {
    const named = { ...command, command_id: commandId }
    try {
      const sent = this.stream.send(named)
      if (sent) return await sent
    } catch (error) {
      if (!(error instanceof PuntiniError && error.code === "cut_off")) throw error
    }
    // The key makes it safe to repeat; the server goes by `command_id`.
    const options = { signal, idempotencyKey: commandId }
    return this.#calls.post(path`/v1/sessions/${this.id}/commands`, named, options)
  }

  #take(event: PuntiniEvent): void {
    if ("id" in event && event.id && !isAfter(event.id, this.state.cursor)) return
    this.#view.apply(event)
    if (event.type === "session_ready" && this.#history) void this.#fill()
    this.#tell()
  }

  /** Read the whole log into a view of its own, and when that has come as far as the present one, go on with it. */
  async #fill(): Promise<void> {
    if (this.#filling) return
    this.#filling = true
    const { signal } = this.#aborter
    try {
      const { events: count } = await this.#calls.get<SessionInfo>(path`/v1/sessions/${this.id}`, { signal })
      if (count > HISTORY_EVENTS) return
      const view = new SessionView()
      const address = path`/v1/sessions/${this.id}/stream`
      for (let round = 0; isAfter(this.state.cursor, view.state.cursor); round++) {
        if (round === ROUNDS) return
        const after = view.state.cursor || "earliest"
        for await (const event of events(this.#calls, address, { after, signal })) view.apply(event)
      }
      this.#view = view
      this.#tell()
    } catch {
      // It can do without; what keeps it from reading is told by the stream, too.
    } finally {
      this.#filling = false
    }
  }

  #tell(): void {
    if (this.#told) return
    this.#told = true
    queueMicrotask(() => {
      this.#told = false
      for (const listener of this.#listeners) listener()
    })
  }
}

const ENDS = { task_completed: 1, task_failed: 1, task_cancelled: 1, session_closed: 1 }

/** Without what is undefined. */
function known<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return JSON.parse(JSON.stringify(fields))
}

/** Whether an id is behind another in the same log; always where one of them is of another life of it. */
function isAfter(id: string, other: string): boolean {
  const [epoch, seq] = id.split(".")
  const [otherEpoch, otherSeq] = other.split(".")
  return epoch !== otherEpoch || Number(seq) > Number(otherSeq)
}

function closed(reason = "The stream was closed."): PuntiniError {
  return new PuntiniError({ status: 0, code: "closed", detail: reason })
}
