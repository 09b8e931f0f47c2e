import { useSignal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import { useRef } from "preact/hooks"
import { client } from "../client"
import { Dialog } from "../parts/dialog"
import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { go, to } from "../route"
import { TITLE_LIMIT } from "../sessions/name"

interface ForkOptions {
  session: string
  /** The event after which it parts from this one; left out: now. */
  at?: string
  /** What the button says, where it does not show an icon. */
  label: string
  children?: ComponentChildren
}

/** A button that makes a session which begins as this one was at an event, or is now, and goes there. */
export function Fork({ session, at, label, children }: ForkOptions) {
  const asking = useSignal(false)
  return (
    <>
      <button
        type="button"
        class={`button ${children ? "quiet icon-only" : ""}`}
        aria-label={children ? label : undefined}
        title={children ? label : undefined}
        onClick={() => (asking.value = true)}
      >
        {children ?? label}
      </button>
      {asking.value && <ForkDialog session={session} at={at} onClose={() => (asking.value = false)} />}
    </>
  )
}

interface ForkDialogOptions {
  session: string
  at: string | undefined
  onClose: () => void
}

function ForkDialog({ session, at, onClose }: ForkDialogOptions) {
  const title = useRef<HTMLInputElement>(null)
  const { busy, problem, run } = useWorking()
  const fork = (event: Event) => {
    event.preventDefault()
    const named = title.current?.value.trim()
    void run(async () => {
      const made = await client.sessions.fork(session, { ...(at && { at }), ...(named && { title: named }) })
      onClose()
      go(to("sessions", made.session_id))
    })
  }
  return (
    <Dialog title="Fork this session" onClose={onClose}>
      <form class="stack" onSubmit={fork}>
        <p class="soft">
          {`A new session that begins as this one ${at ? "was at this moment" : "is now"}. This one stays as it is.`}
        </p>
        <input
          ref={title}
          class="input"
          data-focus
          aria-label="Title of the new session"
          placeholder="Title (this one's, if empty)"
          maxLength={TITLE_LIMIT}
        />
        {problem && <Problem text={problem} />}
        <div class="row end">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button primary" disabled={busy}>
            Fork
          </button>
        </div>
      </form>
    </Dialog>
  )
}
