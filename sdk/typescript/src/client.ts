import { Calls, path, type CallOptions } from "./calls.js"
import { Chat, type ChatOptions } from "./chat.js"
import { Http, type HttpOptions } from "./http.js"
import { LiveSession, type LiveOptions } from "./live.js"
import { audit, users } from "./resources/administration.js"
import { agents } from "./resources/agents.js"
import { analytics } from "./resources/analytics.js"
import { auth } from "./resources/auth.js"
import { documents } from "./resources/documents.js"
import { sessions } from "./resources/sessions.js"
import { tasks } from "./resources/tasks.js"
import { templates } from "./resources/templates.js"
import type { SearchResult, ServerStatus, ToolInfo } from "./resources.js"
import { EventStream, type StreamOptions } from "./stream/stream.js"

export type PuntiniOptions = HttpOptions

/**
 * A Puntini server: what it has, by subject, and the sessions that are followed live.
 *
 * Every call takes an `AbortSignal` and throws `PuntiniError`. What is safe to repeat is repeated, four times at most.
 */
export class PuntiniClient {
  readonly http: Http
  readonly #calls: Calls
  readonly sessions: ReturnType<typeof sessions>
  readonly tasks: ReturnType<typeof tasks>
  readonly agents: ReturnType<typeof agents>
  readonly templates: ReturnType<typeof templates>
  readonly auth: ReturnType<typeof auth>
  readonly documents: ReturnType<typeof documents>
  readonly analytics: ReturnType<typeof analytics>
  readonly users: ReturnType<typeof users>
  readonly audit: ReturnType<typeof audit>

  constructor(options: PuntiniOptions = {}) {
    this.http = new Http(options)
    const calls = (this.#calls = new Calls(this.http))
    this.sessions = sessions(calls)
    this.tasks = tasks(calls)
    this.agents = agents(calls)
    this.templates = templates(calls)
    this.auth = auth(calls)
    this.documents = documents(calls)
    this.analytics = analytics(calls)
    this.users = users(calls)
    this.audit = audit(calls)
  }

  /** A session's events. */
  stream(sessionId: string, options: StreamOptions = {}): EventStream {
    return new EventStream(this.http, path`/v1/sessions/${sessionId}/stream`, options)
  }

  /** A session with its state kept up to date. */
  session(sessionId: string, options: LiveOptions = {}): LiveSession {
    return new LiveSession(this.#calls, sessionId, options)
  }

  /** Ask something: iterate the task's events, or its `text()`, or wait for its `result()`. */
  chat(prompt: string, options: ChatOptions = {}): Chat {
    return new Chat(this.#calls, prompt, options)
  }

  /** The passages of your documents that match best. */
  search(q: string, options: CallOptions & { limit?: number } = {}): Promise<SearchResult> {
    return this.#calls.get("/v1/search", { q, ...options })
  }

  /** What agents can call. */
  tools(options?: CallOptions & { limit?: number; offset?: number }) {
    return this.#calls.list<ToolInfo>("/v1/tools", options)
  }

  /** The server's version, its agents, and what runs. */
  status(options?: CallOptions): Promise<ServerStatus> {
    return this.#calls.get("/v1/status", options)
  }

  /** Call `listener` when the server no longer takes the credential and no other is to be had. Returns how to stop. */
  onSignedOut(listener: () => void): () => void {
    return this.http.onSignedOut(listener)
  }
}
