import { useEffect } from "preact/hooks"
import { signal } from "@preact/signals"
import { client } from "../client"
import { go, to } from "../route"

const items = signal<{ session_id: string; title: string }[]>([])

export function SessionsPage() {
  useEffect(() => {
    void client.http.ask<{ items: typeof items.value }>("/v1/sessions").then((page) => (items.value = page.items))
  }, [])
  const begin = async () => {
    const made = await client.http.ask<{ session_id: string }>("/v1/sessions", { method: "POST", body: {} })
    go(to("sessions", made.session_id))
  }
  return (
    <div class="page stack">
      <h1>Sessions</h1>
      <button class="button primary" onClick={begin}>
        New session
      </button>
      {items.value.map((each) => (
        <a key={each.session_id} href={to("sessions", each.session_id)}>
          {each.title || each.session_id}
        </a>
      ))}
    </div>
  )
}
