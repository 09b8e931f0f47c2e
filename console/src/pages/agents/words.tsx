import type { AgentInfo } from "@puntini/client"
import { many } from "../words"

/** Where an agent is from. */
export const KIND: Readonly<Record<AgentInfo["kind"], string>> = {
  built_in: "built in",
  loaded: "loaded",
  created: "created",
}

/** Whether an agent works, and at how many tasks. */
export function Activity({ status, running }: Pick<AgentInfo, "status" | "running">) {
  if (status === "idle") return <span class="badge">idle</span>
  return <span class="badge accent">busy with {many(running, "task")}</span>
}
