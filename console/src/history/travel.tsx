import type { Current } from "../session/current"

/** A slider over the log. */
export function TimeTravel({ current }: { current: Current }) {
  return <p class="soft small">{current.at.value || "now"}</p>
}
