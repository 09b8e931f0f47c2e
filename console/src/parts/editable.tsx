import { useEffect, useRef, useState } from "preact/hooks"

interface EditableOptions {
  text: string
  /** What it is, read out: "Title". */
  label: string
  longest: number
  /** Called with another text than before, which is never blank. */
  onSave: (text: string) => void
  onDone: () => void
}

/** A line of text while it is edited in its place: Enter and leaving it save, Escape does not; a blank is not saved. */
export function Editable({ text, label, longest, onSave, onDone }: EditableOptions) {
  const [value, setValue] = useState(text)
  const box = useRef<HTMLInputElement>(null)
  const isOver = useRef(false)
  useEffect(() => box.current?.select(), [])
  const end = (save: boolean) => {
    if (isOver.current) return
    isOver.current = true
    const wanted = value.trim()
    if (save && wanted && wanted !== text) onSave(wanted)
    onDone()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== "Escape") return
    event.preventDefault()
    end(event.key === "Enter")
  }
  return (
    <input
      ref={box}
      class="input editable"
      aria-label={label}
      maxLength={longest}
      value={value}
      onInput={(event) => setValue(event.currentTarget.value)}
      onKeyDown={press}
      onBlur={() => end(true)}
    />
  )
}
