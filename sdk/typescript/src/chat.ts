import type { Calls, KeyedOptions } from "./calls.js"
import { path } from "./calls.js"
import type { PuntiniEvent } from "./protocol.js"
import { randomId } from "./random.js"
import type { ChatBody, TaskResult } from "./resources.js"
import { EventStream } from "./stream/stream.js"

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
  /** Where the answer begins in the session's log. */
  cursor: string
}

/**
 * A question, and what comes of it: iterate the events of its task to the end, once.
 *
 * The question is asked at once, and once, however often it has to be sent. A stream that breaks is gone on with.
 */
export class Chat implements AsyncIterable<PuntiniEvent> {
  /** Which session and task it is, as soon as the server says so. */
  readonly begun: Promise<Begun>
  readonly #calls: Calls
  readonly #signal: AbortSignal | undefined

  constructor(calls: Calls, begun: Promise<Begun>, signal: AbortSignal | undefined) {
    this.#calls = calls
    this.#signal = signal
    this.begun = begun
    begun.catch(() => {}) // whoever uses it is told
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PuntiniEvent, void, undefined> {
    const { taskId, cursor } = await this.begun
    const options = { after: cursor, ...(this.#signal && { signal: this.#signal }) }
    yield* new EventStream(this.#calls.http, path`/v1/tasks/${taskId}/stream`, options)
    this.#signal?.throwIfAborted()
  }
}
