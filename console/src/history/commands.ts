import type { Filter } from "./filter"

/** What a command line needs to know to follow what is shown. */
export interface Followed {
  readonly origin: string
  readonly session: string
  readonly filter: Filter
  /** Whether the server asks for no credential. */
  readonly open: boolean
}

/** A `curl` line that follows the same with the same filter. A key is read from the environment, never written down. */
export function curlLine({ origin, session, filter, open }: Followed): string {
  const path = filter.task ? `tasks/${encodeURIComponent(filter.task)}` : `sessions/${encodeURIComponent(session)}`
  const query = new URLSearchParams({ after: "earliest", ...chosen(filter) }).toString().replaceAll("%2C", ",")
  const parts = ["curl -N"]
  if (!open) parts.push('-H "X-API-Key: $PUNTINI_API_KEY"')
  if (filter.text) parts.push("-H 'Accept: application/x-ndjson'")
  parts.push(quoted(`${origin}/v1/${path}/stream?${query}`))
  if (filter.text) parts.push(`| grep --line-buffered -iF -e ${quoted(filter.text)}`)
  return parts.join(" ")
}

/** The same with the command line tool; it follows sessions only, so a task's filter is left out. */
export function tailLine({ origin, session, filter }: Followed): string {
  const options = Object.entries(chosen(filter)).map(([name, value]) => `--${name} ${value}`)
  const grep = filter.text ? [`--json | grep --line-buffered -iF -e ${quoted(filter.text)}`] : []
  return [`puntini tail ${session} --after earliest`, ...options, `--url ${quoted(origin)}`, ...grep].join(" ")
}

function chosen({ types, level }: Filter): Record<string, string> {
  return {
    ...(types.size && { events: [...types].join(",") }),
    ...(level !== "debug" && { level }),
  }
}

/** A text as one word of a shell's, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
