import { useSignal } from "@preact/signals"
import { isOpen } from "../account/me"
import { Copy } from "../parts/copy"
import { download } from "../parts/download"
import { curlLine, tailLine } from "./commands"
import type { Filter } from "./filter"
import { isHeard, type Matches, type Row } from "./matches"

interface ToolsOptions {
  session: string
  /** What the file is called that one keeps them in, without its ending. */
  fileName: string
  filter: Filter
  matches: Matches
}

/** How many events are shown, and how to follow or keep the same elsewhere. */
export function Tools({ session, fileName, filter, matches }: ToolsOptions) {
  const shown = useSignal(false)
  matches.found.value
  const followed = { origin: location.origin, session, filter, open: isOpen.value }
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
              download(new Blob(matches.rows.map(line), { type: "application/x-ndjson" }), `${fileName}.ndjson`)
            }
          >
            Download
          </button>
        </div>
      </div>
      {shown.value &&
        lines.map((line) => (
          <div key={line} class="event-command">
            <code>{line}</code>
            <Copy label="the command" text={line} />
          </div>
        ))}
    </div>
  )
}

function line(row: Row): string {
  return `${JSON.stringify(isHeard(row) ? row.event : row)}\n`
}
