import type { Covered } from "@puntini/client"

/** Says when not all tasks are counted. */
export function CoveredNote({ covered }: { covered: Covered }) {
  if (covered.complete) return null
  return (
    <p class="notice warn">
      There are too many tasks to count them all: only those are counted that ended
      {covered.since ? ` from ${new Date(covered.since).toLocaleString()} on` : " of late"}.
    </p>
  )
}
