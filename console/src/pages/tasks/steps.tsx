import type { StepInfo } from "@puntini/client"
import { useState } from "preact/hooks"
import { client } from "../../client"
import { useLive } from "../live"
import { Shown } from "../shown"
import { Status } from "../status"
import { many, seconds } from "../words"
import { Turns } from "./turns"

const SIZE = 20

/** What a task did, step by step; nothing where it took none. */
export function Steps({ task, beat }: { task: string; beat: number }) {
  const [offset, setOffset] = useState(0)
  const steps = useLive(`${task} ${offset}`, (signal) => client.tasks.steps(task, { limit: SIZE, offset, signal }), {
    beat,
  })
  if (steps.value?.total === 0) return null
  return (
    <section class="card stack" aria-label="Steps">
      <h2>Steps</h2>
      <Shown of={steps}>
        {({ items, total, left_out }) => (
          <>
            {left_out > 0 && <p class="small soft">{many(left_out, "older step")} not kept here.</p>}
            <ol class="entries">
              {items.map((step) => (
                <li key={step.id} class="row apart">
                  <span>
                    <span class="faint small">{step.step_number}</span> {step.name}
                    <span class="soft small">{tools(step)}</span>
                  </span>
                  <span class="row small soft">
                    {seconds(step.duration_seconds)}
                    {!step.success && <Status of="failed" />}
                  </span>
                </li>
              ))}
            </ol>
            <Turns of="steps" size={SIZE} total={total} offset={offset} onTurn={setOffset} />
          </>
        )}
      </Shown>
    </section>
  )
}

/** The tools of a step, unless its name says them. */
function tools({ name, tool_calls }: StepInfo): string {
  const names = tool_calls.map(({ tool_name }) => tool_name).filter((each) => each !== name)
  return names.length ? ` with ${names.join(", ")}` : ""
}
