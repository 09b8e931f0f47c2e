import { useId, useRef, useState } from "preact/hooks"
import { sentence } from "./load"

interface Confirmed {
  /** On the button that asks, and on the one that does it. */
  label: string
  question: string
  act: () => Promise<void>
}

/** A button for what can't be undone: it asks first. */
export function ConfirmButton({ label, question, act }: Confirmed) {
  const dialog = useRef<HTMLDialogElement>(null)
  const id = useId()
  const [problem, setProblem] = useState("")
  const [busy, setBusy] = useState(false)
  const confirm = async () => {
    setBusy(true)
    setProblem("")
    try {
      await act()
      dialog.current?.close()
    } catch (error) {
      setProblem(sentence(error))
    } finally {
      setBusy(false)
    }
  }
  return (
    <>
      <button type="button" class="button danger" onClick={() => dialog.current?.showModal()}>
        {label}
      </button>
      <dialog ref={dialog} class="confirm" aria-labelledby={id} onClose={() => setProblem("")}>
        <p id={id}>{question}</p>
        {problem && (
          <p class="notice bad" role="alert">
            {problem}
          </p>
        )}
        <div class="row">
          <button type="button" class="button danger" disabled={busy} onClick={confirm}>
            {label}
          </button>
          <button type="button" class="button quiet" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </dialog>
    </>
  )
}
