// Made by scripts/generate.mjs from what `puntini schema openapi` prints: do not edit, run `make types`.

import type {
  ApprovalRequestData,
  GraphEdge,
  GraphEdgeInput,
  GraphNode,
  GraphNodeInput,
  PuntiniEvent,
  StepTool,
  Usage,
} from "./protocol.js"

/**
 * What a log-in is answered with. `expires_in` is of the access token, in seconds.
 */
export interface LoginTokens {
  access_token: string
  token_type: string
  expires_in: number
  refresh_token: string
}

/**
 * `POST /v1/agents`.
 */
export interface AgentBody {
  /**
   * A letter, then up to 59 letters, digits, `_` and `-`.
   */
  name: string
  /**
   * What the agent is for.
   */
  role: string
  /**
   * What it can do, a few words each.
   */
  capabilities: string[]
  /**
   * Why it is needed.
   */
  reason: string
  instructions?: string
  tools?: string[] | null
  /**
   * The agents of a team, by name.
   */
  members?: string[]
  manner?: ("group_chat" | "supervisor") | null
  max_turns?: number | null
  /**
   * Ends a group chat when one of its members says it.
   */
  until?: string
}

/**
 * An agent as the API shows it; `created_at` is null for those the server was started with.
 *
 * Only teams have a `manner`; for all others it is null, and what only teams have is empty.
 */
export interface AgentInfo {
  agent_id: string
  name: string
  kind: "built_in" | "created" | "loaded"
  role: string
  capabilities: string[]
  instructions: string
  tools: string[]
  model: string
  members: string[]
  manner: ("group_chat" | "supervisor") | null
  max_turns: number
  until: string
  reason: string
  created_by: string
  created_at: string | null
  status: "busy" | "idle"
  running: number
}

/**
 * Working memory of an agent: what was said in its latest `tasks`, and the newest `summary` of it.
 */
export interface AgentMemory {
  agent_id: string
  tasks: string[]
  working_messages: MemoryMessage[]
  summary: string
  summaries: MemoryMessage[]
  hits: MemoryMessage[]
  total: number
  complete: boolean
}

/**
 * A message of a task, or a summary of older ones. `cut` says that it goes on.
 */
export interface MemoryMessage {
  role: "assistant" | "summary" | "user"
  content: string
  timestamp: string
  task_id: string
  cut: boolean
}

/**
 * An agent's numbers now and before.
 */
export interface AgentReport {
  agent: string
  now: TaskNumbers
  before: TaskNumbers
}

/**
 * What some tasks amount to.
 *
 * `success_rate` is how many of those that completed or failed completed; what was cancelled is neither. Result sizes are bytes, of the `results` of completed tasks that the log still holds.
 */
export interface TaskNumbers {
  executions: number
  completed: number
  failed: number
  cancelled: number
  success_rate: number | null
  duration_seconds: Spread | null
  results: number
  result_size: Spread | null
  steps: number
  tokens: TokenNumbers
  cost: CostNumbers
}

/**
 * How some values lie. `std_dev` is that of all values, not an estimate from a sample.
 */
export interface Spread {
  min: number
  mean: number
  p50: number
  p95: number
  max: number
  std_dev: number
}

/**
 * What models read and wrote.
 */
export interface TokenNumbers {
  input: number
  output: number
  total: number
}

/**
 * `usd` is what the `known` tasks cost, null without any; `unknown` took tokens that have no known price.
 */
export interface CostNumbers {
  usd: number | null
  known: number
  unknown: number
}

/**
 * A sign of life.
 */
export interface Health {
  status: "ok"
}

/**
 * How often people were asked, and how often they, or time, have decided.
 */
export interface ApprovalNumbers {
  asked: number
  decided: number
}

/**
 * A tool call; `success` is null until it has ended, and `cut` names values that are too large to be shown.
 */
export interface CallInfo {
  id: string
  tool_name: string
  parameters: unknown
  result: unknown
  success: boolean | null
  status: string
  error: string
  timestamp: string
  duration_seconds: number | null
  cut: string[]
}

/**
 * A page. `left_out` counts older ones beyond what is kept; `total` does not, so that pages add up to it.
 */
export interface CallList {
  items: CallInfo[]
  total: number
  left_out: number
  complete: boolean
}

/**
 * How a task's tool calls came out; those that have not ended are neither.
 */
export interface CallNumbers {
  total: number
  succeeded: number
  failed: number
  success_rate: number | null
  by_tool: ToolNumbers[]
}

/**
 * How the calls of a tool came out. `seconds` is what those took together that say so.
 */
export interface ToolNumbers {
  tool_name: string
  calls: number
  succeeded: number
  failed: number
  success_rate: number | null
  seconds: number
}

/**
 * `prompt` may be left out when `Last-Event-ID` names where to go on in `session_id`.
 */
export interface ChatBody {
  prompt?: string
  session_id?: string
  agent?: string
  max_steps?: number
  if_busy?: "enqueue" | "interrupt" | "reject" | "steer"
  priority?: number
}

/**
 * The whole answer, for `Accept: application/json`.
 */
export interface ChatResult {
  task_id: string
  session_id: string
  status: string
  success: boolean
  final_answer: string
  cursor: string
  error?: string
}

/**
 * One thing that was looked at. What is `fail` keeps traffic away; what is `warn` wants a person.
 */
export interface Check {
  name: "clock" | "draining" | "loop" | "settings" | "store" | "streams" | "workers"
  state: "fail" | "ok" | "warn"
  detail: string
}

/**
 * `POST /v1/tasks/{id}/control`.
 */
export interface ControlBody {
  action: "pause" | "resume" | "stop"
}

/**
 * What a task comes to by what was asked.
 */
export interface ControlledTask {
  task_id: string
  new_status: string
  detail: string
}

/**
 * What is counted: all ended tasks, or where these are too many, those that ended from `since` on.
 */
export interface Covered {
  complete: boolean
  since: string | null
}

/**
 * A document as the API shows it. `size` is its text's, in bytes.
 */
export interface DocumentInfo {
  document_id: string
  title: string
  source: string
  owner: string
  created_at: string
  size: number
  passages: number
}

/**
 * The newest first. `next` is what to give as `before` for more; empty when there is nothing more.
 */
export interface AuditPage {
  items: AuditEntry[]
  next: string
}

/**
 * One entry: at what time who did what, to what, from where. A `count` above 1 stands for so many.
 */
export interface AuditEntry {
  id: string
  at: string
  who: string
  credential: string
  what: string
  of: string
  address: string
  request_id: string
  count: number
}

/**
 * `Accept: application/json`: the events after a cursor, and the `next` one.
 *
 * `live` says that there is nothing more now, `ended` that there never will be.
 */
export interface EventPage {
  events: PuntiniEvent[]
  next: string
  live: boolean
  ended: boolean
}

/**
 * Why tasks failed, as their ends say; empty where the log does not hold these any more.
 *
 * `share` is of all that failed; `task_id` is the latest.
 */
export interface FailureReason {
  reason: string
  count: number
  share: number
  agents: string[]
  task_id: string
}

/**
 * What is wrong with a field or a parameter; `path` leads to it.
 */
export interface FieldProblem {
  path: string
  message: string
}

/**
 * The tasks that have something in common.
 */
export interface TaskGroup {
  name: string
  numbers: TaskNumbers
}

/**
 * A passage that was found, the best first. `score` rises with relevance and compares only within one answer.
 */
export interface SearchHit {
  document_id: string
  title: string
  passage: number
  text: string
  score: number
}

/**
 * What a search found, the best first; how it was ranked, and what to know about that.
 */
export interface SearchResult {
  items: SearchHit[]
  ranking: string
  note: string
}

/**
 * What was brought in, and the cursor behind it.
 */
export interface ImportedGraph {
  cursor: string
  nodes: number
  edges: number
}

/**
 * A key as the API shows it: all but the key. `last_used_at` is true to a minute.
 */
export interface KeyInfo {
  key_id: string
  name: string
  owner: string
  scopes: ("admin" | "read" | "write")[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  revoked: boolean
}

/**
 * `POST /v1/login`. With `cookie` the tokens come as cookies too, which scripts can't read.
 */
export interface LogIn {
  username: string
  password: string
  cookie?: boolean
}

/**
 * `POST /v1/logout`. The log-in of the refresh token ends, too.
 */
export interface LogOut {
  refresh_token?: string
}

/**
 * The one answer that shows the `key`.
 */
export interface MadeKey {
  key_id: string
  name: string
  owner: string
  scopes: ("admin" | "read" | "write")[]
  created_at: string
  expires_at: string | null
  last_used_at: string | null
  revoked: boolean
  key: string
}

/**
 * The ticket, until when it has to be used first, and the address with it, for `new EventSource(url)`.
 */
export interface MadeTicket {
  ticket: string
  expires_at: string
  url: string
}

/**
 * Who asks. `account` is null for those who have none here: open mode's, and an identity provider's users.
 */
export interface Me {
  username: string
  role: "admin" | "user"
  scopes: ("admin" | "read" | "write")[]
  account: UserInfo | null
}

/**
 * An account as the API shows it.
 */
export interface UserInfo {
  username: string
  role: "admin" | "user"
  disabled: boolean
  created_at: string
  last_login_at: string | null
}

/**
 * Somebody who sees a session.
 */
export interface MemberInfo {
  user: string
  role: "editor" | "owner" | "viewer"
}

/**
 * A task's working memory, and what of it a query finds.
 */
export interface TaskMemory {
  task_id: string
  working_messages: MemoryMessage[]
  summary: string
  total: number
  left_out: number
  complete: boolean
  hits: MemoryMessage[]
}

/**
 * `POST /v1/agents/{id}/messages`.
 */
export interface MessageBody {
  message: string
  session_id?: string
}

/**
 * Nodes, the nearest first, and the edges between them. `complete` says that nothing was left out.
 */
export interface Neighbourhood {
  nodes: GraphNode[]
  edges: GraphEdge[]
  complete: boolean
}

/**
 * `POST /v1/documents`. `source` says where the text is from: an address, a file's name.
 */
export interface NewDocument {
  title: string
  text: string
  source?: string
}

/**
 * `POST /v1/sessions/{id}/fork`; what is not said is as in the session that is forked.
 */
export interface NewFork {
  title?: string | null
  agent?: string
}

/**
 * A graph to bring in: what `GET` answers. `version` is the other graph's, and means nothing here.
 */
export interface NewGraph {
  nodes: GraphNodeInput[]
  version?: number
  edges?: GraphEdgeInput[]
}

/**
 * `POST /v1/keys`. `expires_in` is in seconds; without it the key has no end.
 */
export interface NewKey {
  name: string
  scopes?: ("admin" | "read" | "write")[]
  expires_in?: number | null
}

/**
 * `PATCH /v1/me`.
 */
export interface NewPassword {
  password: string
  current_password: string
}

/**
 * `POST /v1/sessions`.
 */
export interface NewSession {
  title?: string
  agent?: string
}

/**
 * `POST /v1/templates`.
 */
export interface NewTemplate {
  /**
   * At most 120 characters on one line, and not blank.
   */
  title: string
  tasks: TemplateTaskInput[]
  description?: string
  difficulty?: "easy" | "hard" | "medium"
  /**
   * Items: Up to 40 characters without spaces, commas and capitals.
   */
  tags?: string[]
}

/**
 * A task of a template. What it `depends_on`, by id, has to be done before.
 */
export interface TemplateTaskInput {
  /**
   * Up to 40 small letters, digits, `_` and `-`; the first is a letter or a digit.
   */
  id: string
  /**
   * At most 120 characters on one line, and not blank.
   */
  title: string
  description?: string
  /**
   * Items: Up to 40 small letters, digits, `_` and `-`; the first is a letter or a digit.
   */
  depends_on?: string[]
  difficulty?: "easy" | "hard" | "medium"
  hours?: number | null
}

/**
 * What it is for: one of the three. `path` is the address of a stream, as in `/v1/tasks/{id}/stream`.
 */
export interface NewTicket {
  session_id?: string
  task_id?: string
  path?: string
}

/**
 * What the tasks of a time amount to, the times in which they ended, and the groups that they make.
 */
export interface AnalyticsOverview {
  period: Period
  covered: Covered
  totals: TaskNumbers
  interval: "day" | "hour"
  series: SeriesPoint[]
  by: "agent" | "status" | "user"
  groups: TaskGroup[]
  groups_left_out: number
}

/**
 * A time: what ended from `from` on and before `to`.
 */
export interface Period {
  from: string
  to: string
}

/**
 * The tasks that ended in the hour, or day, that begins at `at`.
 */
export interface SeriesPoint {
  at: string
  executions: number
  completed: number
  failed: number
  cancelled: number
  mean_seconds: number | null
  p95_seconds: number | null
  tokens: number
  cost_usd: number | null
}

/**
 * The nodes on the way, and the edges between them; `forward` says which are followed the way they point.
 */
export interface GraphPath {
  nodes: GraphNode[]
  edges: GraphEdge[]
  forward: boolean[]
}

/**
 * A task that has not ended; `approvals` are what it waits for.
 */
export interface PendingResult {
  task_id: string
  status: string
  approvals: ApprovalRequestData[]
}

/**
 * How the agents do, beside the time before.
 */
export interface PerformanceReport {
  period: Period
  compared_with: Period
  covered: Covered
  report: PerformanceNumbers
}

/**
 * How the agents do.
 */
export interface PerformanceNumbers {
  now: TaskNumbers
  before: TaskNumbers
  throughput: Throughput
  agents: AgentReport[]
  slowest: SlowTask[]
  failures: FailureReason[]
  sample: TaskSample
  findings: string[]
}

/**
 * Tasks that ended an hour; `change` by what was before, null where nothing was.
 */
export interface Throughput {
  per_hour: number
  before_per_hour: number
  change: number | null
}

/**
 * A task that took long.
 */
export interface SlowTask {
  task_id: string
  agent: string
  topic: string
  status: string
  duration_seconds: number
  ended_at: string
}

/**
 * What the latest tasks of the period say of themselves: seconds in the queue, waiting for people, to an answer.
 */
export interface TaskSample {
  tasks: number
  queued_seconds: Spread | null
  waiting_seconds: Spread | null
  first_answer_seconds: Spread | null
  tools: ToolNumbers[]
}

/**
 * The plan as it stands; `updated_at` is null where none was made.
 */
export interface PlanInfo {
  current_plan: string[]
  last_reflection: string
  updated_at: string | null
  complete: boolean
}

/**
 * Why a request was refused (RFC 9457). `code` is stable and made for programs, `detail` says what to do.
 *
 * `queued` is how many tasks wait, where too many do. Only a server that is not ready has `checks`.
 */
export interface ProblemDetails {
  type: string
  title: string
  status: number
  code: string
  detail: string
  errors: FieldProblem[]
  request_id?: string
  queued?: number
  checks?: Check[]
}

/**
 * Traffic may come. What is `warn` among the checks does not keep it away.
 */
export interface Ready {
  status: "ready"
  checks: Check[]
}

/**
 * `POST /v1/token/refresh`. Without a token the cookie's is used, and the answer is in cookies too.
 */
export interface Refresh {
  refresh_token?: string
}

/**
 * `POST /v1/register`.
 */
export interface Registration {
  username: string
  password: string
}

/**
 * What an ended task came to. Of an end that retention has removed only what the task's record says is left.
 */
export interface TaskResult {
  task_id: string
  success: boolean
  status: string
  final_answer: string
  reasoning: string
  error: string
  usage: Usage
  duration_seconds: number
  complete: boolean
}

/**
 * What became of a message: `task_id` is the task that hears it, or that it started.
 */
export interface SentMessage {
  task_id: string
  session_id: string
  message_id: string
  cursor: string
  status: string
}

/**
 * A session as the API shows it.
 */
export interface SessionInfo {
  session_id: string
  title: string
  status: string
  agent: string
  owner: string
  created_at: string
  updated_at: string
  cursor: string
  events: number
}

/**
 * `PATCH /v1/sessions/{id}`; `status: closed` closes the session.
 */
export interface SessionPatch {
  title?: string | null
  agent?: string | null
  status?: "closed" | null
}

/**
 * How many sessions there are.
 */
export interface SessionStats {
  total: number
  active: number
  closed: number
}

/**
 * `PUT /v1/sessions/{id}/members/{user}`.
 */
export interface Sharing {
  role: "editor" | "viewer"
}

/**
 * Messages of an agent's latest tasks; `complete` is whether all that was said is still there.
 */
export interface AgentMessages {
  items: MemoryMessage[]
  total: number
  complete: boolean
}

/**
 * `POST /v1/templates/{id}/tasks`. Without `run` there is a session with plan and graph, and no task.
 */
export interface StartBody {
  title?: string
  agent?: string
  max_steps?: number
  priority?: number
  run?: boolean
}

/**
 * What was begun. Without a task, `task_id` and `status` are null.
 */
export interface StartedTemplate {
  session_id: string
  task_id: string | null
  status: ("cancelled" | "completed" | "failed" | "paused" | "queued" | "running" | "waiting") | null
  template_id: string
  plan: string[]
  nodes: number
  edges: number
  cursor: string
}

/**
 * The agent's state as it was at `cursor`; null as long as there is none.
 */
export interface StateInfo {
  version: number
  state: {
    [k: string]: unknown
  } | null
  cursor: string
}

/**
 * What runs. `node` is which process answers, `engine` counts its tasks.
 */
export interface ServerStatus {
  api: "ok"
  agents_initialized: boolean
  agents: string[]
  database: string
  engine: {
    [k: string]: unknown
  }
  node: string
  version: string
}

/**
 * A step that is done. `id` is the event that said so: the session's state and graph can be asked for at it.
 */
export interface StepInfo {
  id: string
  step_number: number
  name: string
  started_at: string
  duration_seconds: number
  success: boolean
  tool_calls: StepTool[]
}

/**
 * A page. `left_out` counts older ones beyond what is kept; `total` does not, so that pages add up to it.
 */
export interface StepList {
  items: StepInfo[]
  total: number
  left_out: number
  complete: boolean
}

/**
 * How steps came out.
 */
export interface StepNumbers {
  taken: number
  succeeded: number
  failed: number
}

/**
 * A task that was handed in.
 */
export interface SubmittedTask {
  task_id: string
  status: "cancelled" | "completed" | "failed" | "paused" | "queued" | "running" | "waiting"
  submitted_at: string
}

/**
 * The numbers of one task, without what was retracted; of one that has not ended, up to now.
 */
export interface TaskAnalytics {
  task_id: string
  session_id: string
  agent: string
  status: string
  attempts: number
  submitted_at: string
  ended_at: string | null
  duration_seconds: number
  seconds: TaskSeconds
  first_answer_seconds: number | null
  steps: StepNumbers
  tools: CallNumbers
  approvals: ApprovalNumbers
  tokens: TokenNumbers
  cost_usd: number | null
  result_size: number | null
  complete: boolean
}

/**
 * Seconds that a task was in each status; waiting is for people.
 */
export interface TaskSeconds {
  queued: number
  running: number
  waiting: number
  paused: number
}

/**
 * `POST /v1/tasks`. `task` may be left out as `prompt` may in a chat: where `stream` goes on somewhere.
 */
export interface TaskBody {
  task?: string
  session_id?: string
  agent?: string
  max_steps?: number
  priority?: number
  stream?: boolean
}

/**
 * A task as the API shows it.
 */
export interface TaskInfo {
  task_id: string
  session_id: string
  agent: string
  task: string
  status: string
  attempt: number
  submitted_at: string
  updated_at: string
}

/**
 * `PATCH /v1/templates/{id}`: what is given takes the place of what was there.
 */
export interface TemplateChanges {
  /**
   * At most 120 characters on one line, and not blank.
   */
  title?: string
  tasks?: TemplateTaskInput[]
  description?: string
  difficulty?: "easy" | "hard" | "medium"
  /**
   * Items: Up to 40 characters without spaces, commas and capitals.
   */
  tags?: string[]
}

/**
 * A template as lists show it. The built-in ones have no owner, and no times.
 */
export interface TemplateInfo {
  template_id: string
  kind: "built_in" | "created"
  owner: string
  title: string
  description: string
  difficulty: "easy" | "hard" | "medium"
  tags: string[]
  task_count: number
  hours: number
  created_at: string | null
  updated_at: string | null
}

/**
 * A task of a template. What it `depends_on`, by id, has to be done before.
 */
export interface TemplateTask {
  /**
   * Up to 40 small letters, digits, `_` and `-`; the first is a letter or a digit.
   */
  id: string
  /**
   * At most 120 characters on one line, and not blank.
   */
  title: string
  description: string
  /**
   * Items: Up to 40 small letters, digits, `_` and `-`; the first is a letter or a digit.
   */
  depends_on: string[]
  difficulty: "easy" | "hard" | "medium"
  hours: number | null
}

/**
 * A credential that is good. What has no end has no `expires_at`.
 */
export interface TokenInfo {
  valid: boolean
  username: string
  role: "admin" | "user"
  scopes: ("admin" | "read" | "write")[]
  expires_at: string | null
}

/**
 * A tool as models are shown it. `consent` says that a person is asked before each call.
 */
export interface ToolInfo {
  name: string
  description: string
  parameters: {
    [k: string]: unknown
  }
  consent: boolean
}

/**
 * A topic or an agent. `growth` is the change by what was before: 1.0 is twice as much; null where nothing was.
 *
 * `task_id` is the latest of its tasks.
 */
export interface Trend {
  name: string
  executions: number
  before: number
  change: number
  growth: number | null
  success_rate: number | null
  task_id: string
}

/**
 * What is asked for, beside the time before.
 */
export interface Trending {
  period: Period
  compared_with: Period
  covered: Covered
  trends: Trends
}

/**
 * `rising` are the topics that are asked for more than before, `asked` all, the most asked for first.
 */
export interface Trends {
  rising: Trend[]
  asked: Trend[]
  agents: Trend[]
}

/**
 * `PATCH /v1/users/{user}`: what is left out stays.
 */
export interface UserChange {
  role?: ("admin" | "user") | null
  disabled?: boolean | null
  password?: string | null
}

/**
 * A template with its tasks.
 */
export interface WholeTemplate {
  template_id: string
  kind: "built_in" | "created"
  owner: string
  title: string
  description: string
  difficulty: "easy" | "hard" | "medium"
  tags: string[]
  task_count: number
  hours: number
  created_at: string | null
  updated_at: string | null
  tasks: TemplateTask[]
}

/**
 * Whether an agent works, and at how many tasks.
 */
export interface AgentActivity {
  agent_id: string
  status: "busy" | "idle"
  running: number
}
