import { useSignal } from "@preact/signals"
import type { GraphState } from "@puntini/client"
import type { Desk } from "./desk"
import { short } from "./naming"

const SHOWN = 8

/** The labels with their colours and how many nodes each has; pressing one highlights its nodes. */
export function Legend({ desk }: { desk: Desk }) {
  const all = useSignal(false)
  const counts = counted(desk.graph.value)
  const shown = all.value ? counts : counts.slice(0, SHOWN)
  if (!counts.length) return null
  return (
    <ul class="graph-legend" aria-label="Labels">
      {shown.map(([label, count]) => (
        <li key={label}>
          <button class="button small" aria-pressed={desk.labels.value.has(label)} onClick={() => toggle(desk, label)}>
            <Dot desk={desk} label={label} />
            {short(label, 28)} <span class="soft">{count}</span>
          </button>
        </li>
      ))}
      {counts.length > SHOWN && (
        <li>
          <button class="button small quiet" aria-expanded={all.value} onClick={() => (all.value = !all.value)}>
            {all.value ? "Fewer" : `${counts.length - SHOWN} more`}
          </button>
        </li>
      )}
    </ul>
  )
}

/** A label's colour. */
export function Dot({ desk, label }: { desk: Desk; label: string }) {
  return <span class={`graph-dot graph-hue-${desk.hues.of(label)}`} aria-hidden="true" />
}

function counted({ nodes }: GraphState): [string, number][] {
  const counts = new Map<string, number>()
  for (const { label } of nodes.values()) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].sort(([one, ones], [other, others]) => others - ones || one.localeCompare(other))
}

function toggle(desk: Desk, label: string): void {
  const labels = new Set(desk.labels.value)
  if (!labels.delete(label)) labels.add(label)
  desk.labels.value = labels
}
