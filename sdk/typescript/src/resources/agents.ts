import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type { Listing } from "../listing.js"
import type {
  AgentActivity,
  AgentBody,
  AgentInfo,
  AgentMemory,
  AgentMessages,
  MemoryMessage,
  MessageBody,
  SentMessage,
} from "../resources.js"

export const agents = (calls: Calls) => ({
  /** All agents: built in, loaded, created. */
  list: (options?: PageOptions) => calls.list<AgentInfo>("/v1/agents", options),

  get: (name: string, options?: CallOptions) => calls.get<AgentInfo>(path`/v1/agents/${name}`, options),

  /** Make an agent, or with `members` a team. */
  create: (body: AgentBody, options?: CallOptions) => calls.send<AgentInfo>("POST", "/v1/agents", body, options),

  /** Forget one that was created. */
  delete: (name: string, options?: CallOptions) =>
    calls.send<void>("DELETE", path`/v1/agents/${name}`, undefined, options),

  /** Whether it works, and at how many tasks. */
  status: (name: string, options?: CallOptions) => calls.get<AgentActivity>(path`/v1/agents/${name}/status`, options),

  /** The newest messages of its latest tasks in all sessions. */
  messages: (name: string, options?: PageOptions): Listing<MemoryMessage, AgentMessages> =>
    calls.list(path`/v1/agents/${name}/messages`, options),

  /** What it remembers, and what of that holds all words of `q`. */
  memory: (name: string, options?: PageOptions & { q?: string }) =>
    calls.get<AgentMemory>(path`/v1/memory/${name}`, options),

  /** Say something to it: in a session, or in the one that the two of you have. */
  say: (name: string, message: string, { session_id, ...options }: Omit<MessageBody, "message"> & KeyedOptions = {}) =>
    calls.post<SentMessage>(path`/v1/agents/${name}/messages`, { message, session_id }, options),
})
