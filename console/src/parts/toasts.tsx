import { signal } from "@preact/signals"
import { Icon } from "./icon"

type Kind = "plain" | "bad"
interface Toast {
  readonly id: number
  readonly text: string
  readonly kind: Kind
}

const MOST = 4
const SHOWN_MS = { plain: 5_000, bad: 12_000 }
const toasts = signal<readonly Toast[]>([])
let made = 0

/** Tell somebody something in passing, in one sentence. At most four are shown; the oldest makes room. */
export function toast(text: string, kind: Kind = "plain"): void {
  const id = ++made
  toasts.value = [...toasts.value, { id, text, kind }].slice(-MOST)
  setTimeout(() => dismiss(id), SHOWN_MS[kind])
}

/** What was told before something else asks for attention is over. */
export function clearToasts(): void {
  toasts.value = []
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((each) => each.id !== id)
}

/** Where they are shown. */
export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite" aria-relevant="additions">
      {toasts.value.map((each) => (
        <div key={each.id} class={`toast ${each.kind}`}>
          <span>{each.text}</span>
          <button type="button" class="button quiet icon-only" aria-label="Dismiss" onClick={() => dismiss(each.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  )
}
