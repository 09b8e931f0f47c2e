import type { PlanInfo } from "@puntini/client"
import { Time } from "../../parts/time"

/** A task's plan as it stands; nothing where there was none. */
export function PlanSteps({ plan }: { plan: PlanInfo }) {
  if (!plan.updated_at) return null
  return (
    <section class="card stack tight" aria-label="Plan">
      <div class="row apart">
        <h2>Plan</h2>
        <span class="small soft">
          <Time at={plan.updated_at} />
        </span>
      </div>
      <ol class="plan">
        {plan.current_plan.map((each, place) => (
          <li key={place}>{each}</li>
        ))}
      </ol>
      {plan.last_reflection && <p class="soft prose">{plan.last_reflection}</p>}
    </section>
  )
}
