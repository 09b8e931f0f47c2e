import type { ApprovalRequest } from "../protocol.js"
import type { OpenApproval } from "./shapes.js"

/** Requests that come beyond this are not shown. */
export const MOST_ASKED = 1_000

type Approvals = readonly OpenApproval[]

/** An agent asks. Asked again under the same id, the later question stands. */
export function asked(approvals: Approvals, event: ApprovalRequest): Approvals {
  const { data, task_id = "", agent = "", timestamp } = event
  const others = resolved(approvals, data.approval_id)
  if (others.length >= MOST_ASKED) return others
  const absent = { tool_name: "", parameters: {}, response_schema: null, expires_at: "" }
  return [...others, { ...absent, ...data, task_id, agent, requested_at: timestamp }]
}

/** It was decided, or time ran out. */
export function resolved(approvals: Approvals, approvalId: string): Approvals {
  return without(approvals, (each) => each.approval_id === approvalId)
}

/** A task has ended: nothing that it asked is waited for any more. */
export function dropped(approvals: Approvals, taskId: string): Approvals {
  return without(approvals, (each) => each.task_id === taskId)
}

function without(approvals: Approvals, isGone: (each: OpenApproval) => boolean): Approvals {
  return approvals.some(isGone) ? approvals.filter((each) => !isGone(each)) : approvals
}
