import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type { AcceptedData, ApprovalView, Command, Message } from "../protocol.js"
import type {
  MemberInfo,
  NewFork,
  NewSession,
  SessionInfo,
  SessionPatch,
  SessionStats,
  Sharing,
  StateInfo,
} from "../resources.js"
import { events, type EventOptions } from "./events.js"
import { graphs } from "./graphs.js"

/** Where in a session's history to look: the id of an event, else now. */
export interface AtOptions extends CallOptions {
  at?: string | undefined
}

export const sessions = (calls: Calls) => ({
  /** Begin a session. */
  create: (body: NewSession = {}, options?: KeyedOptions) => calls.post<SessionInfo>("/v1/sessions", body, options),

  /** Those that you see, newest first. */
  list: (options?: PageOptions & { status?: "active" | "closed" }) => calls.list<SessionInfo>("/v1/sessions", options),

  get: (id: string, options?: CallOptions) => calls.get<SessionInfo>(path`/v1/sessions/${id}`, options),

  /** Change its title or agent, or close it with `{status: "closed"}`. */
  update: (id: string, changes: SessionPatch, options?: CallOptions) =>
    calls.send<SessionInfo>("PATCH", path`/v1/sessions/${id}`, changes, options),

  /** Remove it with all that was said in it. */
  delete: (id: string, options?: CallOptions) =>
    calls.send<void>("DELETE", path`/v1/sessions/${id}`, undefined, options),

  /** The conversation: the newest messages, or those before the message `before`; oldest first in a page. */
  messages: (id: string, options?: PageOptions & { before?: string }) =>
    calls.list<Message>(path`/v1/sessions/${id}/messages`, options),

  /** The agent's state, now or as it was after an event. */
  state: (id: string, options?: AtOptions) => calls.get<StateInfo>(path`/v1/sessions/${id}/state`, options),

  /** What people are asked and nobody has decided yet, oldest first. */
  approvals: (id: string, options?: PageOptions) =>
    calls.list<ApprovalView>(path`/v1/sessions/${id}/approvals`, options),

  /** A session of yours that begins as this one was after the event `at`, now unless said. */
  fork: (id: string, { title, agent, ...options }: NewFork & AtOptions & KeyedOptions = {}) =>
    calls.post<SessionInfo>(path`/v1/sessions/${id}/fork`, { title, agent }, options),

  /** How many there are. */
  stats: (options?: CallOptions) => calls.get<SessionStats>("/v1/sessions/stats", options),

  /**
   * What the log holds after a cursor, from the beginning unless said: iterate it up to now, or `await` one page.
   * To follow what is new as well, use `client.stream`.
   */
  events: (id: string, options?: EventOptions) => events(calls, path`/v1/sessions/${id}/stream`, options),

  /** Send any command. It is repeated with the same `command_id`, which does nothing twice. */
  command: <T = AcceptedData>(id: string, command: Command, options?: KeyedOptions) =>
    calls.post<T>(path`/v1/sessions/${id}/commands`, command, options),

  /** Its graph. */
  graph: graphs(calls),

  /** With whom it is shared. */
  members: {
    /** Its owner first. */
    list: (id: string, options?: PageOptions) => calls.list<MemberInfo>(path`/v1/sessions/${id}/members`, options),
    /** Share it with a user, or change what they may do. */
    share: (id: string, user: string, role: Sharing["role"], options?: CallOptions) =>
      calls.send<MemberInfo>("PUT", path`/v1/sessions/${id}/members/${user}`, { role }, options),
    /** Take it away from a user, or leave it by oneself. */
    remove: (id: string, user: string, options?: CallOptions) =>
      calls.send<void>("DELETE", path`/v1/sessions/${id}/members/${user}`, undefined, options),
  },
})
