import type { Current } from "../session/current"

/** The raw events as they come. */
export function Events({ current }: { current: Current }) {
  return <p class="soft">{current.present.value.cursor}</p>
}
