import type { SessionInfo } from "@puntini/client"

/** As long as the server takes. */
export const TITLE_LIMIT = 200
/** As long as reads well in a list. */
const GOOD_LENGTH = 80

/** What a session is called. */
export function nameOf({ title }: Pick<SessionInfo, "title">): string {
  return title || "Untitled session"
}

/** The first line of a prompt, as far as a title should go. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split("\n", 1)[0] ?? ""
  return line.length <= GOOD_LENGTH ? line : `${line.slice(0, GOOD_LENGTH - 1).trimEnd()}…`
}
