import type { ComponentChildren } from "preact"
import { useId, useLayoutEffect, useRef } from "preact/hooks"
import { Icon } from "./icon"
import { clearToasts } from "./toasts"

interface DialogOptions {
  title: string
  /** Called when somebody leaves it: by Escape, by the cross, or by a click beside it. Left out: it can't be left. */
  onClose?: (() => void) | undefined
  children: ComponentChildren
}

/** A modal dialog, open for as long as it is rendered. The focus comes in, and goes back where it was. */
export function Dialog({ title, onClose, children }: DialogOptions) {
  const box = useRef<HTMLDialogElement>(null)
  const titleId = useId()
  useLayoutEffect(() => {
    const dialog = box.current
    clearToasts()
    dialog?.showModal()
    dialog?.querySelector<HTMLElement>("[data-focus]")?.focus()
    return () => dialog?.close()
  }, [])
  const cancel = (event: Event) => {
    event.preventDefault()
    onClose?.()
  }
  const closed = () => {
    // Unmounting closes it, too; and a browser closes it at the second Escape, whatever is said at the first.
    if (!box.current) return
    if (onClose) onClose()
    else box.current.showModal()
  }
  return (
    <dialog
      ref={box}
      class="dialog"
      aria-labelledby={titleId}
      onCancel={cancel}
      onClose={closed}
      onMouseDown={(event) => event.target === box.current && onClose?.()}
    >
      <div class="dialog-body stack">
        <header class="row apart">
          <h2 id={titleId}>{title}</h2>
          {onClose && (
            <button type="button" class="button quiet icon-only" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  )
}
