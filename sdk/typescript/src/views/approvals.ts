import type { ApprovalRequest } from "../protocol.js"
import { without } from "./lists.js"
import type { Said } from "./said.js"
import type { OpenApproval } from "./shapes.js"

/** Requests that come beyond this are not shown. */
export const MOST_ASKED = 1_000

type Approvals = readonly OpenApproval[]

/** An agent asks. Asked again under the same id, the later question stands. */
export function asked(approvals: Approvals, { data, task_id, agent, timestamp }: Said<ApprovalRequest>): Approvals {
  const others = resolved(approvals, data.approval_id)
  if (others.length >= MOST_ASKED) return others
  const empty = { tool_name: "", parameters: {}, response_schema: null, expires_at: "" }
  return [...others, { ...empty, ...data, task_id, agent, requested_at: timestamp }]
}

/** It was decided, or time ran out. */
export function resolved(approvals: Approvals, approvalId: string): Approvals {
  return without(approvals, (each) => each.approval_id === approvalId)
}
