import { path, type CallOptions, type Calls, type KeyedOptions } from "./calls.js"
import type { PuntiniEvent } from "./protocol.js"
import { randomId } from "./random.js"
import type { ChatBody, ControlledTask, TaskResult } from "./resources.js"
import { news, points } from "./views/text.js"
import { EventStream, type StreamOptions } from "./stream/stream.js"

export interface ChatOptions extends KeyedOptions {
  /** Ask in this session; without it the question gets one of its own. */
  sessionId?: string | undefined
  agent?: string | undefined
  maxSteps?: number | undefined
  ifBusy?: ChatBody["if_busy"] | undefined
}

/** What a question has begun. */
export interface Begun {
  sessionId: string
  taskId: string
  /** Where the task's events begin. */
  cursor: string
}

/**
 * A question that was asked, and what comes of it: iterate the events of its task to the end, or its `text()`, or wait for
 * its `result()`.
 *
 * It is asked once, however often it has to be sent, and a stream that breaks is gone on with. Leaving it, or aborting
 * the signal, stops nothing on the server; `stop()` does.
 */
export class Chat implements AsyncIterable<PuntiniEvent> {
  /** Which session and task it is, as soon as the server has said so. */
  readonly begun: Promise<Begun>
  readonly #calls: Calls
  readonly #signal: AbortSignal | undefined

  constructor(calls: Calls, prompt: string, options: ChatOptions) {
    this.#calls = calls
    this.#signal = options.signal
    this.begun = this.#ask(prompt, options)
    // Whoever waits for it is told of the failure; nobody may.
    this.begun.catch(() => {})
  }

  [Symbol.asyncIterator](): AsyncGenerator<PuntiniEvent, void, undefined> {
    return this.#events({})
  }

  /** The answer in pieces, as they come; an empty line between one message and the next. */
  async *text(): AsyncGenerator<string, void, undefined> {
    /** How much of each message was given, in Unicode code points. */
    const given = new Map<string, number>()
    for await (const event of this.#events({ events: ["assistant_response"] })) {
      if (event.type !== "assistant_response") continue
      const { message_id: id, text, chunk, offset } = event.data
      const before = given.get(id) ?? 0
      const begin = chunk ? offset : 0
      const piece = news(text, begin, before)
      given.set(id, Math.max(before, begin + points(text)))
      if (piece) yield (given.size > 1 && !before ? "\n\n" : "") + piece
    }
  }

  /** What it came to, when it has ended. A task that failed has a result, too. */
  async result(): Promise<TaskResult> {
    const { taskId } = await this.begun
    // Ends of tasks come whatever the types that are asked for.
    for await (const _ of this.#events({ events: ["task_completed"] }));
    return this.#calls.get(path`/v1/tasks/${taskId}/result`, { signal: this.#signal })
  }

  /** Stop the task. */
  async stop(options?: CallOptions): Promise<ControlledTask> {
    const { taskId } = await this.begun
    return this.#calls.post(path`/v1/tasks/${taskId}/control`, { action: "stop" }, options)
  }

  async *#events(options: StreamOptions): AsyncGenerator<PuntiniEvent, void, undefined> {
    const { taskId, cursor } = await this.begun
    const follow = { ...options, after: cursor, ...(this.#signal && { signal: this.#signal }) }
    yield* new EventStream(this.#calls.http, path`/v1/tasks/${taskId}/stream`, follow)
    this.#signal?.throwIfAborted()
  }

  /** The answer's headers say it all; what follows is read by a stream, which knows what to do when something breaks. */
  #ask(prompt: string, options: ChatOptions): Promise<Begun> {
    const { sessionId, agent, maxSteps, ifBusy, signal, idempotencyKey = randomId() } = options
    const body = { prompt, session_id: sessionId, agent, max_steps: maxSteps, if_busy: ifBusy }
    const headers = { accept: "application/x-ndjson" }
    return this.#calls.http.ask("/v1/chat", { method: "POST", body, headers, signal, idempotencyKey }, begunBy)
  }
}

async function begunBy(answer: Response): Promise<Begun> {
  await answer.body?.cancel()
  const header = (name: string) => answer.headers.get(name) ?? ""
  return { sessionId: header("puntini-session"), taskId: header("puntini-task"), cursor: header("puntini-cursor") }
}
