import type { SessionInfo } from "@puntini/client"

/** As long as the server takes. */
export const TITLE_LIMIT = 200
/** As long as reads well in a list. */
const GOOD_LENGTH = 80

/** Signs that turn the direction of what is written after them, also in the sentence that a name stands in. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/g

/** What a session is called. */
export function nameOf({ title }: Pick<SessionInfo, "title">): string {
  return title.replace(TURNS, "") || "Untitled session"
}

/** What files of a session are called: by its title, with no character that a file system minds. */
export function fileNameOf({ title, session_id }: Pick<SessionInfo, "title" | "session_id">): string {
  const name = title.replace(/[^\p{L}\p{N} ._()-]+/gu, " ").replace(/\s+/g, " ")
  return name.slice(0, GOOD_LENGTH).replace(/^[ .]+|[ .]+$/g, "") || session_id
}

/** The first line of a prompt, as far as a title should go. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split("\n", 1)[0] ?? ""
  return line.length <= GOOD_LENGTH ? line : `${line.slice(0, GOOD_LENGTH - 1).trimEnd()}…`
}
