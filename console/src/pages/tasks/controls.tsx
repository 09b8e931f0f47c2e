import type { ControlBody, ControlledTask, TaskInfo } from "@puntini/client"
import { client } from "../../client"
import { toast } from "../../parts/toasts"
import { useWorking } from "../../parts/working"
import { hasEnded } from "../status"

/** Pause, resume and stop a task that has not ended. */
export function Controls({ task, again }: { task: TaskInfo; again: () => void }) {
  const working = useWorking()
  if (hasEnded(task.status)) return null
  const control = async (action: ControlBody["action"]) => {
    const path = `/v1/tasks/${encodeURIComponent(task.task_id)}/control`
    const headers = { "idempotency-key": crypto.randomUUID() }
    const done = await working.run(async () => {
      const { detail } = await client.http.ask<ControlledTask>(path, { method: "POST", body: { action }, headers })
      if (detail) toast(detail)
    })
    if (done) again()
  }
  return (
    <>
      {working.problem && (
        <span class="wrong small" role="alert">
          {working.problem}
        </span>
      )}
      {task.status === "paused" ? (
        <button class="button" disabled={working.busy} onClick={() => control("resume")}>
          Resume
        </button>
      ) : (
        <button class="button" disabled={working.busy} onClick={() => control("pause")}>
          Pause
        </button>
      )}
      <button class="button danger" disabled={working.busy} onClick={() => control("stop")}>
        Stop
      </button>
    </>
  )
}
