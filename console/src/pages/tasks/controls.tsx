import type { TaskInfo } from "@puntini/client"
import { client } from "../../client"
import { toast } from "../../parts/toasts"
import { useWorking } from "../../parts/working"
import { hasEnded } from "../status"

/** Pause, resume and stop a task that has not ended. */
export function Controls({ task, again }: { task: TaskInfo; again: () => void }) {
  const working = useWorking()
  if (hasEnded(task.status)) return null
  const control = async (action: "pause" | "resume" | "cancel") => {
    const done = await working.run(async () => {
      const { detail } = await client.tasks[action](task.task_id)
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
      <button class="button danger" disabled={working.busy} onClick={() => control("cancel")}>
        Stop
      </button>
    </>
  )
}
