import type { PendingResult, PlanInfo, TaskAnalytics, TaskInfo, TaskResult } from "@puntini/client"
import { useEffect, useState } from "preact/hooks"
import { client } from "../../client"
import { Copy } from "../../parts/copy"
import { Time } from "../../parts/time"
import { useTitle } from "../../parts/title"
import { to } from "../../route"
import { PageHead } from "../head"
import { useLive } from "../live"
import { Shown } from "../shown"
import { hasEnded, Status } from "../status"
import { Calls } from "./calls"
import { Controls } from "./controls"
import { TaskFigures } from "./figures"
import { PlanSteps } from "./plan"
import { usePulse } from "./pulse"
import { Outcome } from "./outcome"
import { Steps } from "./steps"

const EVERY = 5000

/** All that is known of a task as a whole. */
interface Whole {
  readonly task: TaskInfo
  readonly result: TaskResult | PendingResult
  readonly plan: PlanInfo
  readonly numbers: TaskAnalytics
}

async function whole(id: string, signal: AbortSignal): Promise<Whole> {
  const task = await client.tasks.get(id, { signal })
  const [result, plan, numbers] = await Promise.all([
    client.tasks.result(id, { signal }),
    client.tasks.plan(id, { signal }),
    client.analytics.task(id, { signal }),
  ])
  return { task, result, plan, numbers }
}

/** One task: what was asked, how it goes, and what came of it. It is followed while it runs. */
export function TaskPage({ id }: { id: string }) {
  useTitle("Task")
  const [ended, setEnded] = useState(true)
  const pulse = usePulse(id, !ended)
  const loaded = useLive(id, (signal) => whole(id, signal), { every: ended ? 0 : EVERY, beat: pulse.beat })
  const status = loaded.value?.task.status
  useEffect(() => {
    if (status) setEnded(hasEnded(status))
  }, [status])
  return (
    <div class="page stack">
      {!loaded.value && <PageHead title="Task" up={[to("tasks"), "Tasks"]} />}
      <Shown of={loaded}>
        {({ task, result, plan, numbers }) => (
          <>
            <Head task={task} again={loaded.again} />
            {!hasEnded(task.status) && pulse.progress && <Progress {...pulse.progress} />}
            <div class="columns">
              <div class="stack">
                <Outcome result={result} session={task.session_id} />
                <Calls task={id} beat={pulse.beat} />
                <Steps task={id} beat={pulse.beat} />
              </div>
              <div class="stack">
                <TaskFigures numbers={numbers} />
                <PlanSteps plan={plan} />
              </div>
            </div>
          </>
        )}
      </Shown>
    </div>
  )
}

function Head({ task, again }: { task: TaskInfo; again: () => void }) {
  return (
    <>
      <PageHead title="Task" up={[to("tasks"), "Tasks"]}>
        <Status of={task.status} />
        <Controls task={task} again={again} />
        <a class="button" href={to("sessions", task.session_id)}>
          Open its session
        </a>
      </PageHead>
      <section class="card stack tight" aria-label="What was asked">
        <p class="prose">{task.task}</p>
        <p class="row small soft">
          <span>
            to <a href={to("agents", task.agent)}>{task.agent}</a>
          </span>
          <Time at={task.submitted_at} />
          {task.attempt > 1 && <span>attempt {task.attempt}</span>}
          <span class="row nowrap">
            <code>{task.task_id}</code>
            <Copy text={task.task_id} label="the task's id" />
          </span>
        </p>
      </section>
    </>
  )
}

function Progress({ progress, detail }: { progress?: number | null; detail?: string }) {
  return (
    <div class="row">
      <progress class="progress" aria-label="Progress" {...(typeof progress === "number" && { value: progress })} />
      {detail && <span class="soft small">{detail}</span>}
    </div>
  )
}
