// Made by scripts/generate.mjs from what `puntini schema` prints: do not edit, run `make types`.

/**
 * What a Puntini server says. Ignore types and fields that you do not know.
 */
export type PuntiniEvent =
  | UserPrompt
  | AssistantResponse
  | Reasoning
  | Debug
  | GraphUpdate
  | StateUpdate
  | ToolCall
  | Step
  | PlanUpdate
  | MemorySummary
  | AgentStatus
  | WorkflowUpdate
  | ApprovalRequest
  | ApprovalResolved
  | TaskStarted
  | TaskProgress
  | TaskPaused
  | TaskResumed
  | TaskCompleted
  | TaskFailed
  | TaskCancelled
  | TaskRetracted
  | SessionClosed
  | ErrorEvent
  | SessionReady
  | ChatHistory
  | Live
  | Gap
  | Reconnect
  | AuthExpiring
  | Pong
  | Accepted

/**
 * What a client says to a Puntini server. Unknown fields are refused.
 */
export type Command =
  | InitSession
  | UserPromptCommand
  | Control
  | ApprovalResponse
  | Action
  | GraphEdit
  | AgentStatusRequest
  | WorkflowUpdateCommand
  | ChatHistoryRequest
  | Ping
  | CloseSession
  | Resume

/**
 * What was asked, and by whom, for every viewer of the session.
 *
 * It starts a task, or reaches the one that runs: then `task_id` is that task's. With `action` it stands for one.
 */
export interface UserPrompt {
  type: "user_prompt"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: UserPromptData
}

export interface UserPromptData {
  message_id: string
  prompt: string
  user_id: string
  action?: UserAction | null
}

/**
 * Something that was done in a user interface rather than said.
 */
export interface UserAction {
  name: string
  arguments?: {
    [k: string]: unknown
  }
}

/**
 * A piece of an answer (`chunk`) or a whole one, which supersedes its pieces. An empty whole takes them back.
 *
 * `offset` counts the Unicode code points of the message before this piece.
 */
export interface AssistantResponse {
  type: "assistant_response"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: AssistantResponseData
}

export interface AssistantResponseData {
  message_id: string
  text: string
  chunk: boolean
  offset: number
}

/**
 * What the agent thinks, as `steps` or as `text`, which comes in pieces as an answer does.
 *
 * `message_id` ties the pieces of one text together. `phase` names what the agent is thinking about.
 */
export interface Reasoning {
  type: "reasoning"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: ReasoningData
}

export interface ReasoningData {
  steps?: string[]
  text?: string
  message_id?: string
  chunk: boolean
  offset: number
  phase?: string
}

/**
 * A diagnostic line from the agent. `details` holds whatever explains it.
 */
export interface Debug {
  type: "debug"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: DebugData
}

export interface DebugData {
  message: string
  level: "debug" | "error" | "info" | "warning"
  details?: {
    [k: string]: unknown
  }
}

/**
 * A change to the session's graph: after `delta` it is at `version`. `author` is an agent or a user.
 */
export interface GraphUpdate {
  type: "graph_update"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: GraphUpdateData
}

export interface GraphUpdateData {
  version: number
  delta: GraphOp[]
  author: string
}

/**
 * One change. Adding and updating carry a `node` or an `edge`; removing carries its `id`.
 *
 * What is there already is merged with what is given: properties by name, and null removes one.
 */
export interface GraphOp {
  action: "add_edge" | "add_node" | "clear" | "remove_edge" | "remove_node" | "update_edge" | "update_node"
  node?: GraphNode | null
  edge?: GraphEdge | null
  id?: string | null
}

/**
 * A thing. `key` is its natural key: nodes with the same label and key are the same thing.
 */
export interface GraphNode {
  id: string
  label: string
  key?: string
  props: {
    [k: string]: unknown
  }
}

/**
 * A directed relation between two nodes.
 */
export interface GraphEdge {
  id: string
  label: string
  source: string
  target: string
  props: {
    [k: string]: unknown
  }
}

/**
 * The agent's state: whole (`snapshot`) or changed by a JSON Patch, RFC 6902 (`patch`).
 *
 * With neither, the state is null.
 */
export interface StateUpdate {
  type: "state_update"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: StateUpdateData
}

export interface StateUpdateData {
  version: number
  snapshot?: unknown
  patch?:
    | {
        [k: string]: unknown
      }[]
    | null
}

/**
 * A tool begins, succeeds or fails; `call_id` ties the two events of one call together.
 */
export interface ToolCall {
  type: "tool_call"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: ToolCallData
}

export interface ToolCallData {
  call_id: string
  tool_name: string
  status: "failed" | "started" | "succeeded"
  parameters: {
    [k: string]: unknown
  }
  result?: unknown
  error?: string
  duration_seconds?: number | null
}

/**
 * One step of the agent's work is done.
 */
export interface Step {
  type: "step"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: StepData
}

export interface StepData {
  step_number: number
  name: string
  success: boolean
  duration_seconds: number
  tool_calls: StepTool[]
}

/**
 * A tool call as a step sums it up.
 */
export interface StepTool {
  tool_name: string
  success: boolean
}

/**
 * The whole plan as it now stands, and what the agent thought of it last.
 */
export interface PlanUpdate {
  type: "plan_update"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: PlanUpdateData
}

export interface PlanUpdateData {
  current_plan: string[]
  last_reflection?: string
}

/**
 * Older working memory, summed up.
 */
export interface MemorySummary {
  type: "memory_summary"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: MemorySummaryData
}

export interface MemorySummaryData {
  summary: string
}

/**
 * What an agent is doing. Also the answer to `agent_status_request`, then without an id.
 *
 * The server says it of every task's agent, and an agent may say it of those that it works with.
 */
export interface AgentStatus {
  type: "agent_status"
  id?: string
  session_id?: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp?: string
  data: AgentStatusData
}

export interface AgentStatusData {
  agent: string
  status: "busy" | "failed" | "idle" | "waiting"
  detail?: string
}

/**
 * A hand-off in a team; `workflow` names the team.
 */
export interface WorkflowUpdate {
  type: "workflow_update"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: WorkflowUpdateData
}

export interface WorkflowUpdateData {
  to_agent: string
  reason: string
  from_agent?: string
  workflow?: string
}

/**
 * A person has to decide: one of `options`, or a value that `response_schema` (a JSON Schema) describes.
 */
export interface ApprovalRequest {
  type: "approval_request"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: ApprovalRequestData
}

export interface ApprovalRequestData {
  approval_id: string
  question: string
  options: string[]
  tool_name?: string
  parameters?: {
    [k: string]: unknown
  }
  response_schema?: {
    [k: string]: unknown
  } | null
  expires_at?: string
}

/**
 * A person has decided, or time ran out.
 */
export interface ApprovalResolved {
  type: "approval_resolved"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: ApprovalResolvedData
}

export interface ApprovalResolvedData {
  approval_id: string
  decision: "answered" | "approved" | "denied" | "expired"
  by: string
  value?: unknown
}

/**
 * A task was accepted: `running`, or `queued` until its turn comes. `progress` goes from 0 to 1.
 */
export interface TaskStarted {
  type: "task_started"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskData
}

export interface TaskData {
  status: "cancelled" | "completed" | "failed" | "paused" | "queued" | "running" | "waiting"
  detail?: string
  steps_taken?: number | null
  progress?: number | null
}

/**
 * How far a task has come.
 */
export interface TaskProgress {
  type: "task_progress"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskData
}

/**
 * A task stopped at a safe point and can be resumed.
 */
export interface TaskPaused {
  type: "task_paused"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskData
}

/**
 * A paused or waiting task goes on.
 */
export interface TaskResumed {
  type: "task_resumed"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskData
}

/**
 * The task ended well. Exactly one of the three ends every task.
 */
export interface TaskCompleted {
  type: "task_completed"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskEndData
}

export interface TaskEndData {
  duration_seconds: number
  usage: Usage
  final_answer?: string
  error?: string
}

/**
 * What a task consumed.
 */
export interface Usage {
  input_tokens: number
  output_tokens: number
  cost_usd?: number
}

/**
 * The task ended with an error.
 */
export interface TaskFailed {
  type: "task_failed"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskEndData
}

/**
 * The task was stopped.
 */
export interface TaskCancelled {
  type: "task_cancelled"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskEndData
}

/**
 * A new attempt took over after a crash: what `attempt` said from `from_id` to `to_id` is void.
 */
export interface TaskRetracted {
  type: "task_retracted"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: TaskRetractedData
}

export interface TaskRetractedData {
  attempt: number
  from_id: string
  to_id: string
}

/**
 * The session's last event.
 */
export interface SessionClosed {
  type: "session_closed"
  id: string
  session_id: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp: string
  data: SessionClosedData
}

export interface SessionClosedData {
  reason: string
}

/**
 * A command was refused (then without an id), or the agent met an error. Over SSE its `event:` is `problem`.
 */
export interface ErrorEvent {
  type: "error"
  id?: string
  session_id?: string
  task_id?: string
  attempt?: number
  agent?: string
  timestamp?: string
  data: Nothing
  error: Problem
}

/**
 * An empty `data`.
 */
export interface Nothing {}

/**
 * What went wrong, beside `data` in an `error`.
 */
export interface Problem {
  code: number
  reason: string
  message: string
  retryable: boolean
  command_id?: string
}

/**
 * A snapshot of the session at `cursor`: the newest messages, `tasks` that have not ended, open `approvals`.
 *
 * What each of its `agents` does was last said in this order. `plan` is null as long as there is none.
 */
export interface SessionReady {
  type: "session_ready"
  session_id?: string
  data: SessionReadyData
}

export interface SessionReadyData {
  session_id: string
  status: "active" | "closed"
  cursor: string
  agent: string
  initial_graph: Graph
  messages: Message[]
  state: unknown
  tasks: TaskView[]
  state_version?: number
  plan?: PlanView | null
  approvals?: ApprovalView[]
  agents?: AgentView[]
}

/**
 * A whole graph as clients see it; `version` counts the updates that made it.
 */
export interface Graph {
  version: number
  nodes: GraphNode[]
  edges: GraphEdge[]
}

/**
 * One message of the conversation. `partial`: its task goes on, and more of it may come.
 */
export interface Message {
  id: string
  role: "assistant" | "user"
  content: string
  agent?: string
  timestamp: string
  task_id?: string
  partial?: boolean
}

/**
 * A task as a snapshot shows it.
 */
export interface TaskView {
  task_id: string
  status: "cancelled" | "completed" | "failed" | "paused" | "queued" | "running" | "waiting"
  prompt?: string
  agent?: string
  attempt?: number
  progress?: number | null
  started_at?: string
}

/**
 * The newest plan of a session, whose it is, and what was thought of it last.
 */
export interface PlanView {
  current_plan: string[]
  last_reflection: string
  task_id: string
  updated_at: string
}

/**
 * A request that nobody has decided yet, as a snapshot shows it.
 */
export interface ApprovalView {
  approval_id: string
  task_id: string
  agent: string
  question: string
  tool_name: string
  parameters: {
    [k: string]: unknown
  }
  options: string[]
  response_schema: {
    [k: string]: unknown
  } | null
  expires_at: string
  requested_at: string
}

/**
 * What an agent does, and for which task.
 */
export interface AgentView {
  agent: string
  status: "busy" | "failed" | "idle" | "waiting"
  detail: string
  task_id: string
  timestamp: string
}

/**
 * The answer to the command of that name, oldest message first.
 */
export interface ChatHistory {
  type: "chat_history"
  session_id?: string
  data: ChatHistoryData
}

export interface ChatHistoryData {
  messages: Message[]
}

/**
 * Replay is over at `cursor`; what follows is new.
 */
export interface Live {
  type: "live"
  session_id?: string
  data: LiveData
}

export interface LiveData {
  cursor: string
}

/**
 * The cursor `requested` could not be honoured; a `session_ready` always follows, at `resumed_at`.
 */
export interface Gap {
  type: "gap"
  session_id?: string
  data: GapData
}

export interface GapData {
  requested: string
  resumed_at: string
  reason: "ahead_of_log" | "expired" | "malformed" | "unknown_epoch"
}

/**
 * This connection ends now; come back after `retry_ms` with the last id.
 */
export interface Reconnect {
  type: "reconnect"
  session_id?: string
  data: ReconnectData
}

export interface ReconnectData {
  reason: "drain" | "lifetime"
  retry_ms: number
}

/**
 * The credential ends at `expires_at`, and this connection with it.
 */
export interface AuthExpiring {
  type: "auth_expiring"
  session_id?: string
  data: AuthExpiringData
}

export interface AuthExpiringData {
  expires_at: string
}

/**
 * The answer to `ping`, with what it carried.
 */
export interface Pong {
  type: "pong"
  session_id?: string
  data: unknown
}

/**
 * A command over WebSocket was done: the same words that HTTP answers with.
 *
 * `cursor` is an id at or after what the command wrote; `task_id` is the task that it made, controls or speaks to, `conflicts` are there when a `graph_edit` met what others had changed.
 */
export interface Accepted {
  type: "accepted"
  session_id?: string
  data: AcceptedData
}

export interface AcceptedData {
  command_id: string
  cursor: string
  task_id?: string
  conflicts?: GraphConflict[]
}

/**
 * An edit met what another author had changed meanwhile: `field` of `element` was `theirs`, is now `mine`.
 *
 * `field` is `label`, `key`, `source`, `target` or `props.<name>`; null is a value that is not there. With `removed` the other author had removed the element: what `mine` holds was not done. Long values are cut.
 */
export interface GraphConflict {
  element: string
  field: string
  mine: unknown
  theirs: unknown
  author: string
}

/**
 * Attach this socket to the session `session_id`, or create one for `agent`; answered with `session_ready`.
 *
 * `after` and `events` are those of a stream's query: where to start, and which types to send.
 */
export interface InitSession {
  type: "init_session"
  command_id?: string
  session_id?: string
  data?: InitSessionData
}

export interface InitSessionData {
  session_id?: string
  agent?: string
  after?: string
  events?: string[] | null
}

/**
 * Start a task: the log gets a `user_prompt` and a `task_started`.
 *
 * `if_busy` says what happens when a task already runs: refuse this one, let it wait its turn, stop the other, or hand the prompt to the other, which hears it at its next step. Of tasks that wait, the ones with the higher `priority` go first.
 */
export interface UserPromptCommand {
  type: "user_prompt"
  command_id?: string
  session_id?: string
  data: UserPromptCommandData
}

export interface UserPromptCommandData {
  prompt: string
  agent?: string
  max_steps?: number
  if_busy?: "enqueue" | "interrupt" | "reject" | "steer"
  priority?: number
}

/**
 * Pause, resume or stop a task. Pausing waits for a safe point.
 */
export interface Control {
  type: "control"
  command_id?: string
  session_id?: string
  data: ControlData
}

export interface ControlData {
  task_id: string
  action: "pause" | "resume" | "stop"
}

/**
 * Decide what an agent asked; `approve` is `approved`, and `deny` is `denied`.
 *
 * `value` is the answer where it is `answered`: one of the question's `options`, where it has some of its own and no `response_schema`.
 */
export interface ApprovalResponse {
  type: "approval_response"
  command_id?: string
  session_id?: string
  data: ApprovalResponseData
}

export interface ApprovalResponseData {
  approval_id: string
  decision: "answered" | "approve" | "approved" | "denied" | "deny"
  value?: unknown
}

/**
 * A user-interface action, handed to the running agent.
 */
export interface Action {
  type: "action"
  command_id?: string
  session_id?: string
  data: ActionData
}

export interface ActionData {
  name: string
  arguments?: {
    [k: string]: unknown
  }
}

/**
 * A person edits the graph beside the agent, with at most 1,000 operations.
 *
 * `base_version` is the version that the person saw.
 */
export interface GraphEdit {
  type: "graph_edit"
  command_id?: string
  session_id?: string
  data: GraphEditData
}

export interface GraphEditData {
  base_version: number
  delta: GraphOpInput[]
}

/**
 * One change. Adding and updating carry a `node` or an `edge`; removing carries its `id`.
 *
 * What is there already is merged with what is given: properties by name, and null removes one.
 */
export interface GraphOpInput {
  action: "add_edge" | "add_node" | "clear" | "remove_edge" | "remove_node" | "update_edge" | "update_node"
  node?: GraphNodeInput | null
  edge?: GraphEdgeInput | null
  id?: string | null
}

/**
 * A thing. `key` is its natural key: nodes with the same label and key are the same thing.
 */
export interface GraphNodeInput {
  id: string
  label: string
  key?: string
  props?: {
    [k: string]: unknown
  }
}

/**
 * A directed relation between two nodes.
 */
export interface GraphEdgeInput {
  id: string
  label: string
  source: string
  target: string
  props?: {
    [k: string]: unknown
  }
}

/**
 * Ask what an agent is doing, the session's own where none is named; answered with `agent_status`.
 */
export interface AgentStatusRequest {
  type: "agent_status_request"
  command_id?: string
  session_id?: string
  data?: AgentStatusRequestData
}

export interface AgentStatusRequestData {
  agent?: string
}

/**
 * Hand the session to another agent.
 */
export interface WorkflowUpdateCommand {
  type: "workflow_update"
  command_id?: string
  session_id?: string
  data: WorkflowUpdateCommandData
}

export interface WorkflowUpdateCommandData {
  to_agent: string
  reason: string
}

/**
 * Ask for messages, the newest `limit` of those before message id `before`.
 */
export interface ChatHistoryRequest {
  type: "chat_history"
  command_id?: string
  session_id?: string
  data?: ChatHistoryRequestData
}

export interface ChatHistoryRequestData {
  limit?: number
  before?: string
}

/**
 * Answered with `pong` and the same data.
 */
export interface Ping {
  type: "ping"
  command_id?: string
  session_id?: string
  data?: unknown
}

/**
 * End the session: its log gets a last event.
 */
export interface CloseSession {
  type: "close_session"
  command_id?: string
  session_id?: string
  data?: CloseSessionData
}

export interface CloseSessionData {
  reason?: string
}

/**
 * Continue this socket's subscription from a cursor.
 */
export interface Resume {
  type: "resume"
  command_id?: string
  session_id?: string
  data: ResumeData
}

export interface ResumeData {
  after: string
}
