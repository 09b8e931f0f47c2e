import type { SessionState } from "@puntini/client"
import { me } from "../account/me"
import { client } from "../client"
import { useLoaded } from "../parts/loaded"

/** Whether this person may only read the session. While that is not known yet, and for admins, it is assumed that they may write. */
export function useReader(session: string): boolean {
  const mine = me.value
  const { value } = useLoaded((signal) => roleOf(session, mine?.username ?? "", signal), [session, mine?.username])
  if (!mine) return false
  return !mine.scopes.includes("write") || (mine.role !== "admin" && value === "viewer")
}

/** Why nothing can be said or decided now; empty when it can. */
export function blocked(state: SessionState, at: string, reader: boolean): string {
  if (at) return "This is how it was: come back to the present to write."
  if (state.status === "closed") return "This session is closed: fork it to go on."
  if (reader) return "You may read this session: ask its owner to make you an editor."
  return ""
}

async function roleOf(session: string, user: string, signal: AbortSignal): Promise<string | undefined> {
  const path = `/v1/sessions/${encodeURIComponent(session)}/members`
  const members = await client.http.ask<{ items: { user: string; role: string }[] }>(path, {
    query: { limit: 100 },
    signal,
  })
  return members.items.find((each) => each.user === user)?.role
}
