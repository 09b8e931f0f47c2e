import { signal } from "@preact/signals"

const FORGET_MS = 2_000
const said = signal("")
let timer: ReturnType<typeof setTimeout> | undefined

/** Have screen readers say in passing what can be seen elsewhere. */
export function announce(text: string): void {
  said.value = text
  clearTimeout(timer)
  // The same said once more is then news again.
  timer = setTimeout(() => (said.value = ""), FORGET_MS)
}

/** Where it is said. */
export function Announced() {
  return (
    <p class="hidden" aria-live="polite">
      {said.value}
    </p>
  )
}
