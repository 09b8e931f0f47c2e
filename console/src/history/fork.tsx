import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { client } from "../client"
import { sentence } from "../parts/problem"
import { go, to } from "../route"

/** Makes a session that begins as this one was at an event, and goes there. */
export function Fork({ session, at }: { session: string; at: string }) {
  const asking = useSignal(false)
  const working = useSignal(false)
  const problem = useSignal("")
  const title = useRef<HTMLInputElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  const left = useRef(false)
  useEffect(() => {
    if (asking.value) title.current?.focus()
    else if (left.current) opener.current?.focus()
  }, [asking.value])

  const leave = () => {
    asking.value = false
    problem.value = ""
    left.current = true
  }
  const fork = async (event: Event) => {
    event.preventDefault()
    working.value = true
    problem.value = ""
    try {
      const named = title.current?.value.trim()
      const made = await client.sessions.fork(session, { at, ...(named && { title: named }) })
      go(to("sessions", made.session_id))
    } catch (error) {
      problem.value = sentence(error)
      working.value = false
    }
  }
  if (!asking.value)
    return (
      <button ref={opener} class="button" onClick={() => (asking.value = true)}>
        Fork from here
      </button>
    )
  return (
    <form class="fork-form" onSubmit={fork} onKeyDown={(event) => event.key === "Escape" && leave()}>
      <input
        ref={title}
        class="input"
        aria-label="Title of the new session"
        placeholder="Title (this one's, if empty)"
        maxLength={200}
      />
      <button class="button" disabled={working.value}>
        {working.value ? "Forking…" : "Fork"}
      </button>
      <button class="button quiet" type="button" onClick={leave}>
        Cancel
      </button>
      {problem.value && (
        <p class="notice bad" role="alert">
          {problem.value}
        </p>
      )}
    </form>
  )
}
