import type { MessageView, OpenApproval, TaskView } from "@puntini/client"
import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { approvalId } from "./approval"
import type { Talk } from "./talk"

interface TasksOptions {
  tasks: readonly TaskView[]
  messages: readonly MessageView[]
  approvals: readonly OpenApproval[]
  talk: Talk
  blocked: string
}

/** The tasks that have not ended, each with what can be done about it. */
export function Tasks({ tasks, messages, approvals, talk, blocked }: TasksOptions) {
  if (!tasks.length) return null
  return (
    <ul class="tasks" aria-label="Tasks">
      {tasks.map((task) => (
        <Task
          key={task.task_id}
          task={task}
          asked={approvals.find(({ task_id }) => task_id === task.task_id)}
          prompt={task.prompt || promptOf(messages, task)}
          talk={talk}
          blocked={blocked}
        />
      ))}
    </ul>
  )
}

const STATUS: Record<TaskView["status"], [tone: string, word: string]> = {
  queued: ["", "waits its turn"],
  running: ["accent", "running"],
  paused: ["warn", "paused"],
  waiting: ["warn", "waits for you"],
  completed: ["good", "done"],
  failed: ["bad", "failed"],
  cancelled: ["", "stopped"],
}

interface TaskOptions {
  task: TaskView
  /** What it waits for. */
  asked: OpenApproval | undefined
  prompt: string
  talk: Talk
  blocked: string
}

function Task({ task, asked, prompt, talk, blocked }: TaskOptions) {
  const { busy, problem, run } = useWorking()
  const { task_id: id, status } = task
  const [tone, word] = STATUS[status]
  const button = (label: string, work: () => Promise<unknown>) => (
    <button
      type="button"
      class="button quiet small"
      aria-busy={busy}
      onClick={() => void run(work)}
      aria-label={`${label}: ${prompt}`}
    >
      {label}
    </button>
  )
  const stop = () => talk.live.stop(id).then(talk.focus)
  // In one place, so that the focus stays when the one becomes the other.
  const hold =
    status === "running"
      ? button("Pause", () => talk.live.pause(id))
      : status === "paused"
        ? button("Resume", () => talk.live.resume(id))
        : null
  return (
    <li class="task">
      <span class={`badge ${tone}`}>{word}</span>
      <span class="task-prompt" title={prompt}>
        {prompt}
      </span>
      {!blocked && (
        <span class="task-buttons">
          {asked && (
            <button type="button" class="button small" onClick={() => lead(asked)}>
              Decide
            </button>
          )}
          {hold}
          {button(status === "queued" ? "Cancel" : "Stop", stop)}
        </span>
      )}
      {problem && <Problem text={problem} />}
    </li>
  )
}

function promptOf(messages: readonly MessageView[], { task_id: id }: TaskView): string {
  return messages.find(({ role, task_id }) => role === "user" && task_id === id)?.content ?? ""
}

function lead({ approval_id: id }: OpenApproval): void {
  const element = document.getElementById(approvalId(id))
  element?.scrollIntoView({ block: "center" })
  element?.focus()
}
