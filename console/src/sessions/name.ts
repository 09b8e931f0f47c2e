import type { SessionInfo } from "@puntini/client"

/** As long as the server takes. */
export const TITLE_LIMIT = 200

/** What a session is called. */
export function nameOf({ title }: Pick<SessionInfo, "title">): string {
  return title || "Untitled session"
}
