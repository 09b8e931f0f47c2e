import type { EventLog } from "./log"
import { seqOf } from "./ids"
import { clock } from "./times"

/** How reading the log stands, where there is something to say. */
export function ReadingNote({ log }: { log: EventLog }) {
  const reading = log.reading.value
  log.growth.value
  const { begin, end } = log.kept
  const first = log.kept.at(begin)
  switch (reading.status) {
    case "reading":
      return (
        <div class="log-reading row small">
          <progress value={reading.done} aria-label="Reading the log" />
          <span class="soft">{(end - begin).toLocaleString()} events read</span>
          <button class="button quiet" onClick={() => log.cancel()}>
            Stop reading
          </button>
        </div>
      )
    case "stopped":
      return (
        <div class="log-reading row small" role="status">
          <span class="soft">Reading was stopped after {(end - begin).toLocaleString()} events.</span>
          <button class="button quiet" onClick={() => void log.load()}>
            Read on
          </button>
        </div>
      )
    case "failed":
      return (
        <div class="log-reading row small" role="alert">
          <span class="bad">The log could not be read: {reading.message}</span>
          <button class="button quiet" onClick={() => void log.load()}>
            Try again
          </button>
        </div>
      )
    default:
      return first && seqOf(first.id) > 1 ? (
        <p class="log-reading soft small">
          The log begins here with event {seqOf(first.id).toLocaleString()}, {clock(first.timestamp)}.
          {log.kept.joined === begin && " What was drawn and said before is not part of the past that is shown."}
        </p>
      ) : null
  }
}
