import { path, type CallOptions, type Calls, type PageOptions } from "./calls.js"
import { problem, PuntiniError } from "./errors.js"
import { isEnd, seqOf } from "./ids.js"
import type { Listing } from "./listing.js"
import { unlessAborted } from "./pause.js"
import type { AcceptedData, ApprovalResponseData, Command, GraphOpInput, Message, PuntiniEvent } from "./protocol.js"
import { randomId } from "./random.js"
import type { EventPage, PendingResult, SessionInfo, TaskResult } from "./resources.js"
import { events } from "./resources/events.js"
import { EventStream, type Connection, type StreamOptions } from "./stream/stream.js"
import { SessionView, type ViewOptions } from "./views/session.js"
import type { SessionState } from "./views/shapes.js"

const HISTORY_EVENTS = 20_000
/** How often a log that grows while it is read is asked for the rest, and a command sent when the server is back. */
const ROUNDS = 10

export interface LiveOptions extends StreamOptions, ViewOptions {
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
 * A command is sent through the stream's WebSocket where there is one, else by HTTP. While the server is not to be had it
 * waits, and is sent again under the same id: at most ten times, until `signal` is aborted or the stream is closed.
 */
export class LiveSession {
  readonly id: string
  readonly stream: EventStream
  readonly #calls: Calls
  readonly #history: boolean
  readonly #listeners = new Set<() => void>()
  readonly #aborter = new AbortController()
  readonly #options: ViewOptions
  #view: SessionView
  #told = false
  #filling = false

  constructor(calls: Calls, id: string, { history, activities, ...options }: LiveOptions = {}) {
    this.id = id
    this.#calls = calls
    this.#history = history === "auto"
    this.#options = { activities }
    this.#view = new SessionView(this.#options)
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
  editGraph(
    delta: readonly GraphOpInput[],
    options: CommandOptions & { baseVersion?: number } = {},
  ): Promise<AcceptedData> {
    const base_version = options.baseVersion ?? this.state.graph.version
    return this.#command({ type: "graph_edit", data: { base_version, delta: [...delta] } }, options)
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
    let stop = () => {}
    const found = new Promise<SessionState>((resolve, reject) => {
      const look = () => {
        if (predicate(this.state)) resolve(this.state)
        else if (this.connection.status === "closed")
          reject(problem(0, "closed", this.connection.reason ?? "The stream was closed."))
      }
      stop = this.subscribe(look)
      look()
    })
    return unlessAborted(found, signal).finally(stop)
  }

  /** What a task of the session came to, when it has ended. */
  async task(taskId: string, options: CallOptions = {}): Promise<TaskResult> {
    let isOver = false
    const stop = this.stream.on("event", (event) => {
      // After a snapshot nothing tells of what ended before it.
      if (event.type === "session_ready" || event.type === "session_closed") isOver = true
      else isOver ||= isEnd(event) && event.task_id === taskId
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
    // The key makes it safe to repeat; the server goes by `command_id`.
    const options = { signal, idempotencyKey: commandId }
    for (let round = 1; ; round++) {
      try {
        return await (this.stream.send(named) ??
          this.#calls.post<AcceptedData>(path`/v1/sessions/${this.id}/commands`, named, options))
      } catch (error) {
        // There was no answer; or it was a 502, 503 or 504, as what stands before a server says while that is away.
        if (!(error instanceof PuntiniError) || (error.status || 502) < 502 || round === ROUNDS) throw error
      }
      // The stream knows when the server is back.
      await this.waitFor(() => this.connection.status === "open", { signal })
    }
  }

  #take(event: PuntiniEvent): void {
    this.#view.apply(event)
    if (this.#view.stale || (this.#history && event.type === "session_ready")) void this.#fill()
    this.#tell()
  }

  /** Put into the state what the stream can't bring: the history, or a fresh snapshot. The view drops what comes twice. */
  async #fill(): Promise<void> {
    if (this.#filling) return
    this.#filling = true
    try {
      const view = this.#history ? await this.#replayed() : undefined
      if (view) this.#view = view
      else if (this.#view.stale) await this.#refresh()
      this.#tell()
    } catch {
      // What keeps it from reading is told by the stream, too; the next event that needs it tries again.
    } finally {
      this.#filling = false
    }
  }

  /** The whole log, as far as the present state has come; undefined where it is too long. */
  async #replayed(): Promise<SessionView | undefined> {
    const { signal } = this.#aborter
    const { events: count } = await this.#calls.get<SessionInfo>(path`/v1/sessions/${this.id}`, { signal })
    if (count > HISTORY_EVENTS) return undefined
    const view = new SessionView(this.#options)
    for (let round = 0; round < ROUNDS; round++) {
      const after = view.state.cursor || "earliest"
      for await (const event of events(this.#calls, path`/v1/sessions/${this.id}/stream`, { after, signal }))
        view.apply(event)
      if (seqOf(view.state.cursor) >= seqOf(this.state.cursor)) return view
    }
    return undefined
  }

  /** A page without a cursor begins with a snapshot. */
  async #refresh(): Promise<void> {
    const { signal } = this.#aborter
    const page = await this.#calls.get<EventPage>(path`/v1/sessions/${this.id}/stream`, { signal })
    for (const event of page.events) this.#view.apply(event)
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

/** Without what is undefined. */
function known<T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return JSON.parse(JSON.stringify(fields))
}
