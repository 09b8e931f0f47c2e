import type { EventType, TaskProgress } from "@puntini/client"
import { useEffect, useState } from "preact/hooks"
import { client } from "../../client"

const EVERY = 2000
const NEWS: readonly EventType[] = [
  "task_started",
  "task_progress",
  "task_paused",
  "task_resumed",
  "step",
  "tool_call",
  "plan_update",
  "approval_request",
  "approval_resolved",
]

/** The sign that a task went on, and how far it says that it has come. */
export interface Pulse {
  readonly beat: number
  readonly progress: TaskProgress["data"] | null
}

/**
 * Follow a task while it runs. Its stream only says that there is news, at most every two seconds: what the news is, the
 * task's views say.
 */
export function usePulse(id: string, live: boolean): Pulse {
  const [beat, setBeat] = useState(0)
  const [progress, setProgress] = useState<Pulse["progress"]>(null)
  useEffect(() => {
    if (!live) return
    const stream = client.tasks.stream(id, { after: "now", events: NEWS })
    let timer: ReturnType<typeof setTimeout> | 0 = 0
    const next = () => {
      timer = 0
      if (!document.hidden) setBeat((was) => was + 1)
    }
    stream.on("event", (event) => {
      if (event.type === "task_progress") setProgress(event.data)
      timer ||= setTimeout(next, EVERY)
    })
    return () => {
      clearTimeout(timer)
      stream.close()
    }
  }, [id, live])
  return { beat, progress }
}
