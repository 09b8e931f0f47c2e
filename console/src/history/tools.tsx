import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import { client } from "../client"
import { curlLine, tailLine } from "./commands"
import { Copy } from "./copy"
import { save } from "./download"
import type { Filter } from "./filter"
import { isHeard, type Matches } from "./matches"

/** How many events are shown, and how to follow or keep the same elsewhere. */
export function Tools({ session, filter, matches }: { session: string; filter: Filter; matches: Matches }) {
  const open = useOpenMode()
  const shown = useSignal(false)
  matches.found.value
  const followed = { origin: location.origin, session, filter, open }
  const lines = [curlLine(followed), ...(filter.task ? [] : [tailLine(followed)])]
  return (
    <div class="event-tools">
      <div class="row apart">
        <span class="soft small" role="status">
          {matches.rows.length.toLocaleString()} shown{matches.searching.value && ", searching…"}
        </span>
        <div class="row">
          <button class="button quiet" aria-expanded={shown.value} onClick={() => (shown.value = !shown.value)}>
            Command line
          </button>
          <button
            class="button quiet"
            onClick={() =>
              save(
                matches.rows.map((row) => JSON.stringify(isHeard(row) ? row.event : row)),
                `${session}.ndjson`,
              )
            }
          >
            Download
          </button>
        </div>
      </div>
      {shown.value &&
        lines.map((line) => (
          <div key={line} class="command">
            <code>{line}</code>
            <Copy label="Copy" class="button quiet" text={() => line} />
          </div>
        ))}
    </div>
  )
}

/** Whether the server asks nobody for a credential: then its one user has no account. */
function useOpenMode(): boolean {
  const open = useSignal(false)
  useEffect(() => {
    const aborter = new AbortController()
    client.http
      .ask<{ username: string; account: unknown }>("/v1/me", { signal: aborter.signal })
      .then(({ username, account }) => (open.value = username === "local" && account === null))
      .catch(() => {}) // A line with a key in it works on an open server, too.
    return () => aborter.abort()
  }, [])
  return open.value
}
