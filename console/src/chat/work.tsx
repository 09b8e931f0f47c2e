import type { Activity, OpenApproval, Plan, TaskView } from "@puntini/client"
import { useState } from "preact/hooks"
import { Problem } from "../parts/problem"
import { Approval } from "./approval"
import { Deed, Seconds } from "./deeds"
import { joined } from "./joined"
import { PlanList, stepsDone } from "./plan"
import type { Talk } from "./talk"

interface WorkOptions {
  taskId: string
  talk: Talk
  /** As far as it was followed. */
  followed: Activity | undefined
  /** The task, as long as it has not ended. */
  task: TaskView | undefined
  /** Whether its answer is coming in. */
  answering: boolean
  plan: Plan | null
  approvals: readonly OpenApproval[]
  /** Why this person can't decide anything here. */
  blocked: string
  past: boolean
}

/** What is done for a task: in front what concerns people now, the rest folded. */
export function Work({ taskId, talk, followed, task, answering, plan, approvals, blocked, past }: WorkOptions) {
  const [open, setOpen] = useState(false)
  const missed = !past && talk.archive.missed(taskId)
  const read = talk.archive.of(taskId).value
  const activity = past ? followed : joined(read.activity, followed)
  const toggle = (event: { currentTarget: HTMLDetailsElement }) => {
    setOpen(event.currentTarget.open)
    if (event.currentTarget.open && missed) void talk.archive.load(taskId)
  }
  const deeds = told(activity?.items ?? [])
  const shownPlan = activity?.plan ?? plan
  const agents = new Set(activity?.items.flatMap((item) => ("agent" in item && item.agent ? [item.agent] : [])))
  const list = shownPlan && (
    <PlanList
      plan={shownPlan}
      done={stepsDone(shownPlan, activity, task?.progress ?? null)}
      running={task?.status === "running"}
    />
  )
  if (!activity && !missed && !list && !approvals.length) return null
  return (
    <div class="work">
      {task && list}
      {(task || missed || deeds.length > 0) && (
        <details class="deeds" onToggle={toggle}>
          <summary>
            <Summary activity={activity} whole={!missed || !!read.activity} task={task} answering={answering} />
          </summary>
          {open && (
            <div class="deeds-body">
              {!task && list}
              {deeds.map((item) => (
                <Deed key={`${item.kind} ${item.id}`} item={item} named={agents.size > 1} />
              ))}
              {read.busy && <p class="soft small">Reading what it did …</p>}
              {read.problem && <Problem text={read.problem} again={() => void talk.archive.load(taskId)} />}
              {missed && !read.busy && !read.problem && !activity && (
                <p class="soft small">Nothing but the answer is known of this task.</p>
              )}
            </div>
          )}
        </details>
      )}
      {approvals.map((asked) => (
        <Approval key={asked.approval_id} asked={asked} talk={talk} blocked={blocked} />
      ))}
      {activity?.status === "failed" && (
        <p class="notice bad">{activity.error || "The task failed without saying why: look at what it did."}</p>
      )}
      {activity?.status === "cancelled" && (
        <p class="soft small">{activity.error ? `Stopped: ${activity.error}` : "Stopped."}</p>
      )}
    </div>
  )
}

/** What is told in the fold: decisions stand in the conversation, and a step that is nothing but the call before it says nothing new. */
function told(items: Activity["items"]): Activity["items"] {
  return items.filter((item, index) => {
    const before = items[index - 1]
    if (item.kind === "step" && item.success && before?.kind === "tool") return item.name !== before.tool_name
    return item.kind !== "approval"
  })
}

/** `whole` says that the activity has all that was done: else it is not counted. */
function Summary({
  activity,
  whole,
  task,
  answering,
}: Pick<WorkOptions, "task" | "answering"> & { activity: Activity | undefined; whole: boolean }) {
  if (task?.status === "running") {
    return (
      <>
        <span class="chat-pulse" aria-hidden="true" />
        <span>{answering ? "Answers" : doing(activity)}</span>
      </>
    )
  }
  return (
    <>
      <span>{activity && whole ? counted(activity) : "What it did"}</span>
      <Seconds value={activity?.duration_seconds ?? null} />
      {!!activity?.usage?.cost_usd && <span class="small soft">{`$${activity.usage.cost_usd.toFixed(4)}`}</span>}
    </>
  )
}

/** What happens just now, in a word or two. */
function doing(activity: Activity | undefined): string {
  const last = activity?.items.at(-1)
  switch (last?.kind) {
    case "tool":
      return last.status === "started" ? `Calls ${last.tool_name}` : "Works"
    case "reasoning":
      return last.phase ? `Thinks: ${last.phase}` : last.partial ? "Thinks" : "Works"
    case "hand_off":
      return `${last.to_agent} works`
    default:
      return "Works"
  }
}

function counted({ items }: Activity): string {
  const count = (kind: string) => items.filter((item) => item.kind === kind).length
  const parts = [
    count("reasoning") && "Thoughts",
    some(count("tool"), "tool call"),
    some(count("step"), "step"),
    some(count("hand_off"), "hand-off"),
    some(count("problem"), "problem"),
    count("retraction") && "begun anew after a crash",
  ].filter(Boolean)
  return parts.join(", ") || "What it did"
}

function some(count: number, word: string): string {
  return count ? `${count} ${word}${count === 1 ? "" : "s"}` : ""
}
