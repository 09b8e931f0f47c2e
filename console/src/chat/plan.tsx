import type { Activity, Plan } from "@puntini/client"

/** A plan as a list that is ticked off. */
export function PlanList({ plan, done, running }: { plan: Plan; done: number; running: boolean }) {
  const { current_plan: steps, last_reflection: reflection } = plan
  const count = Math.min(done, steps.length)
  return (
    <section class="chat-plan" aria-label="Plan">
      <div class="row apart">
        <h3>Plan</h3>
        <span class="small soft">{`${count} of ${steps.length}`}</span>
      </div>
      <progress value={count} max={steps.length} aria-label="Steps done" />
      <ol>
        {steps.map((step, index) => {
          const state = index < count ? "done" : index === count && running ? "now" : "open"
          return (
            <li key={index} data-state={state} aria-current={state === "now" ? "step" : undefined}>
              <span>{step}</span>
              {state === "done" && <span class="hidden">, done</span>}
            </li>
          )
        })}
      </ol>
      {reflection && <p class="small soft">{reflection}</p>}
    </section>
  )
}

/** How many of a plan's steps are done, as far as the agent's steps and its progress tell. */
export function stepsDone(plan: Plan, activity: Activity | undefined, progress: number | null): number {
  if (activity?.status === "completed") return plan.current_plan.length
  const told = activity?.items.filter((item) => item.kind === "step" && item.success).length ?? 0
  // The last part of a progress is the answer, which plans do not name.
  const counted = Math.floor((activity?.progress ?? progress ?? 0) * (plan.current_plan.length + 1) + 1e-6)
  return Math.min(plan.current_plan.length, Math.max(told, counted))
}
