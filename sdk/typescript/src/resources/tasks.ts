import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type { Listing } from "../listing.js"
import type {
  CallInfo,
  CallList,
  ControlBody,
  ControlledTask,
  PendingResult,
  PlanInfo,
  StepInfo,
  StepList,
  SubmittedTask,
  TaskBody,
  TaskInfo,
  TaskMemory,
  TaskResult,
} from "../resources.js"
import { EventStream, type StreamOptions } from "../stream/stream.js"
import { events, type EventOptions } from "./events.js"

export const tasks = (calls: Calls) => {
  const control = (id: string, action: ControlBody["action"], options?: KeyedOptions) =>
    calls.post<ControlledTask>(path`/v1/tasks/${id}/control`, { action }, options)
  return {
    /** Hand in a task. Without a session it gets one of its own. */
    submit: (body: Omit<TaskBody, "stream"> & { task: string }, options?: KeyedOptions) =>
      calls.post<SubmittedTask>("/v1/tasks", body, options),

    /** Those that have not ended, or those of a session, an agent or a `status`; `"all"` lists every one. */
    list: (options?: PageOptions & { session_id?: string; agent?: string; status?: string }) =>
      calls.list<TaskInfo>("/v1/tasks", options),

    get: (id: string, options?: CallOptions) => calls.get<TaskInfo>(path`/v1/tasks/${id}`, options),

    /** Stop it, for good. */
    cancel: (id: string, options?: KeyedOptions) => control(id, "stop", options),
    /** Stop it at a safe point, to be resumed. */
    pause: (id: string, options?: KeyedOptions) => control(id, "pause", options),
    resume: (id: string, options?: KeyedOptions) => control(id, "resume", options),

    /** What it came to; of one that has not ended its status, and what it waits for. */
    result: (id: string, options?: CallOptions) =>
      calls.get<TaskResult | PendingResult>(path`/v1/tasks/${id}/result`, options),

    /** What it did, step by step. */
    steps: (id: string, options?: PageOptions): Listing<StepInfo, StepList> =>
      calls.list(path`/v1/tasks/${id}/steps`, options),

    plan: (id: string, options?: CallOptions) => calls.get<PlanInfo>(path`/v1/tasks/${id}/plan`, options),

    /** Its tool calls, in the order they began. */
    tools: (id: string, options?: PageOptions): Listing<CallInfo, CallList> =>
      calls.list(path`/v1/tasks/${id}/tools`, options),

    /** Its newest messages and summary, and what of them holds all words of `q`. */
    memory: (id: string, options?: PageOptions & { q?: string }) =>
      calls.get<TaskMemory>(path`/v1/tasks/${id}/memory`, options),

    /** Its events, from the first unless said, until it ends. */
    stream: (id: string, options?: StreamOptions) => new EventStream(calls.http, path`/v1/tasks/${id}/stream`, options),

    /** The same up to now, page by page. */
    events: (id: string, options?: EventOptions) => events(calls, path`/v1/tasks/${id}/stream`, options),
  }
}
