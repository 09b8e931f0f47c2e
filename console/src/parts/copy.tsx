import { useEffect, useState } from "preact/hooks"
import { announce } from "./announced"
import { Icon } from "./icon"
import { toast } from "./toasts"

const SHOWN_MS = 2_000

/** A button that copies `text`. `label` says what it is: "the key", "the command". */
export function Copy({ text, label, quiet = true }: { text: string; label: string; quiet?: boolean }) {
  const [done, setDone] = useState(false)
  useEffect(() => {
    if (!done) return
    const timer = setTimeout(() => setDone(false), SHOWN_MS)
    return () => clearTimeout(timer)
  }, [done])
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text)
      setDone(true)
      announce(`Copied ${label}`)
    } catch {
      toast("The browser does not let the page copy: select the text and copy it by hand.", "bad")
    }
  }
  return (
    <button
      type="button"
      class={`button icon-only ${quiet ? "quiet" : ""}`}
      onClick={copy}
      aria-label={`Copy ${label}`}
      title={`Copy ${label}`}
    >
      <Icon name={done ? "check" : "copy"} />
    </button>
  )
}
