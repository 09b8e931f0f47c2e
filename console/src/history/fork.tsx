import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { client } from "../client"
import { go, to } from "../route"

/** Makes a session that begins as this one was at an event, and goes there. */
export function Fork({ session, at }: { session: string; at: string }) {
  const asking = useSignal(false)
  const working = useSignal(false)
  const problem = useSignal("")
  const title = useRef<HTMLInputElement>(null)
  const opener = useRef<HTMLButtonElement>(null)
  useEffect(() => title.current?.focus(), [asking.value])

  const leave = () => {
    asking.value = false
    problem.value = ""
    opener.current?.focus()
  }
  const fork = async (event: Event) => {
    event.preventDefault()
    working.value = true
    problem.value = ""
    try {
      const named = title.current?.value.trim()
      const made = await client.http.ask<{ session_id: string }>(`/v1/sessions/${encodeURIComponent(session)}/fork`, {
        method: "POST",
        query: { at },
        body: named ? { title: named } : {},
      })
      go(to("sessions", made.session_id))
    } catch (error) {
      problem.value = error instanceof Error ? error.message : String(error)
      working.value = false
    }
  }
  return (
    <>
      <button
        ref={opener}
        class="button"
        aria-expanded={asking.value}
        onClick={() => (asking.value ? leave() : (asking.value = true))}
      >
        Fork from here
      </button>
      {asking.value && (
        <form class="fork" onSubmit={fork} onKeyDown={(event) => event.key === "Escape" && leave()}>
          <input
            ref={title}
            class="input"
            aria-label="Title of the new session"
            placeholder="Title (this one's, if empty)"
            maxLength={200}
          />
          <button class="button primary" disabled={working.value}>
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
      )}
    </>
  )
}
