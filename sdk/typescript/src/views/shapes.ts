import type { ApprovalRequestData, GraphEdge, GraphNode, Message, TaskView, Usage } from "../protocol.js"

/** What a session amounts to after the event `cursor`. Never changed in place: a part that is the same object is the same. */
export interface SessionState {
  readonly sessionId: string
  readonly status: "active" | "closed"
  readonly cursor: string
  /** Whether a snapshot or the beginning of the log was seen: before, all of this is empty. */
  readonly ready: boolean
  readonly agent: string
  readonly messages: readonly MessageView[]
  readonly graph: GraphState
  /** The agent's state. */
  readonly state: unknown
  readonly stateVersion: number
  readonly plan: Plan | null
  /** Those that have not ended, oldest first. */
  readonly tasks: readonly TaskView[]
  /** What nobody has decided yet, oldest first. */
  readonly approvals: readonly OpenApproval[]
  readonly agents: readonly AgentState[]
  /** What each task's agents did, by task, as far as it was followed; empty without `activities`. */
  readonly activities: ReadonlyMap<string, Activity>
}

export interface MessageView extends Message {
  /** Whether more of it is to come. */
  readonly partial: boolean
  readonly task_id: string
}

export interface GraphState {
  readonly version: number
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly edges: ReadonlyMap<string, GraphEdge>
}

export interface Plan {
  readonly current_plan: readonly string[]
  readonly last_reflection: string
  readonly task_id: string
  readonly updated_at: string
}

export interface OpenApproval extends ApprovalRequestData {
  readonly task_id: string
  readonly agent: string
  readonly requested_at: string
}

export interface AgentState {
  readonly agent: string
  readonly status: "idle" | "busy" | "waiting" | "failed"
  readonly detail: string
  readonly task_id: string
  readonly timestamp: string
}

/** What a task's agents did, beside what they answered, in the order in which they began it. */
export interface Activity {
  readonly task_id: string
  readonly agent: string
  readonly status: TaskView["status"]
  readonly attempt: number
  readonly items: readonly ActivityItem[]
  readonly plan: Plan | null
  readonly progress: number | null
  readonly detail: string
  readonly steps_taken: number
  readonly started_at: string
  readonly ended_at: string
  readonly duration_seconds: number | null
  readonly usage: Usage | null
  readonly error: string
}

export type ActivityItem =
  | {
      readonly kind: "reasoning"
      readonly id: string
      readonly agent: string
      readonly text: string
      readonly steps: readonly string[]
      readonly phase: string
      readonly partial: boolean
    }
  | {
      readonly kind: "tool"
      readonly id: string
      readonly agent: string
      readonly tool_name: string
      readonly status: "started" | "succeeded" | "failed"
      readonly parameters: Record<string, unknown>
      readonly result: unknown
      readonly error: string
      readonly duration_seconds: number | null
    }
  | {
      readonly kind: "step"
      readonly id: string
      readonly agent: string
      readonly step_number: number
      readonly name: string
      readonly success: boolean
      readonly duration_seconds: number
    }
  | {
      readonly kind: "approval"
      readonly id: string
      readonly agent: string
      readonly request: ApprovalRequestData
      readonly decision: string
      readonly by: string
      readonly value: unknown
    }
  | {
      readonly kind: "hand_off"
      readonly id: string
      readonly from_agent: string
      readonly to_agent: string
      readonly reason: string
    }
  | {
      readonly kind: "problem"
      readonly id: string
      readonly agent: string
      readonly code: number
      readonly message: string
    }
  | { readonly kind: "retraction"; readonly id: string; readonly attempt: number }
