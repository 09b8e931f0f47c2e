import { signal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { PLACES } from "../places"
import { go, to } from "../route"
import { Dialog } from "./dialog"

const GO_MS = 1_000
const isShown = signal(false)

/** The keys that work everywhere, and, when asked for by `?`, the list of them. */
export function Shortcuts() {
  useEffect(() => {
    const press = pressed()
    addEventListener("keydown", press)
    return () => removeEventListener("keydown", press)
  }, [])
  if (!isShown.value) return null
  return (
    <Dialog title="Keys" onClose={() => (isShown.value = false)}>
      <dl class="keys">
        <Key keys="/" does="Write a message, or search the list" />
        {PLACES.map(({ key, label }) => (
          <Key key={key} keys={`g ${key}`} does={label} />
        ))}
        <Key keys="?" does="This list" />
        <Key keys="Esc" does="Leave a dialog, or the message" />
      </dl>
    </Dialog>
  )
}

function Key({ keys, does }: { keys: string; does: string }) {
  return (
    <div>
      <dt>
        {keys.split(" ").map((each) => (
          <kbd key={each}>{each}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  )
}

/** What a key does; `g` and the next key within a second lead to a place. */
function pressed(): (event: KeyboardEvent) => void {
  let wentAt = -Infinity
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    if (document.querySelector("dialog[open]")) return
    const isGoing = event.timeStamp - wentAt < GO_MS
    const place = isGoing ? PLACES.find(({ key }) => key === event.key) : undefined
    wentAt = event.key === "g" ? event.timeStamp : -Infinity
    if (place) go(to(place.name))
    else if (event.key === "?") isShown.value = true
    else if (event.key !== "/" || !focusField()) return
    event.preventDefault()
  }
}

/** Focus the page's own field: what is marked as a search, else what one writes messages in. */
function focusField(): boolean {
  const field = document.querySelector<HTMLElement>("main input[type=search], main textarea")
  field?.focus()
  return field !== null
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
