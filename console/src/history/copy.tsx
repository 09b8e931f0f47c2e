import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"

/** A button that copies a text, and says that it did. */
export function Copy({ text, label, class: name = "button" }: { text: () => string; label: string; class?: string }) {
  const said = useSignal("")
  useEffect(() => {
    if (!said.value) return
    const timer = setTimeout(() => (said.value = ""), 2_000)
    return () => clearTimeout(timer)
  }, [said.value])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text())
      said.value = "Copied"
    } catch {
      said.value = "Not allowed here"
    }
  }
  return (
    <button class={name} type="button" onClick={copy}>
      <span aria-live="polite">{said.value || label}</span>
    </button>
  )
}
