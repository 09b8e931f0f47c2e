import type { SessionState } from "@puntini/client"
import { client } from "../client"
import { useLoaded } from "../parts/loaded"

/** Whether this person may only read the session. While that is not known yet, and for admins, it is assumed that they may write. */
export function useReader(session: string): boolean {
  const { value } = useLoaded((signal) => reads(session, signal), [session])
  return value ?? false
}

/** Why nothing can be said or decided now; empty when it can. */
export function blocked(state: SessionState, at: string, reader: boolean): string {
  if (at) return "This is how it was: come back to the present to write."
  if (state.status === "closed") return "This session is closed: fork it to go on."
  if (reader) return "You may read this session: ask its owner to make you an editor."
  return ""
}

async function reads(session: string, signal: AbortSignal): Promise<boolean> {
  const path = `/v1/sessions/${encodeURIComponent(session)}/members`
  const [me, members] = await Promise.all([
    client.http.ask<{ username: string; role: string; scopes: string[] }>("/v1/me", { signal }),
    client.http.ask<{ items: { user: string; role: string }[] }>(path, { query: { limit: 100 }, signal }),
  ])
  if (!me.scopes.includes("write")) return true
  if (me.role === "admin") return false
  return members.items.find(({ user }) => user === me.username)?.role === "viewer"
}
