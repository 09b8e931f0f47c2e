import { CUT, SILENT, type Ending } from "./endings.js"
import { eventOf, type Requests, type Source, type Subscription } from "./source.js"
import { SseParser } from "./sse.js"
import { within } from "./watch.js"

const HELD_BACK: Ending = { kind: "blocked", reason: "Something on the way holds the stream back." }

/** Server-Sent Events over `fetch`. The body is read as fast as batches are taken, so TCP slows the server down. */
export function sseSource(requests: Requests, { path, query, patience }: Subscription): Source {
  /** The answer with the first bytes of its body, which the server sends at once: or how it ended before. */
  async function begin(after: string, signal: AbortSignal): Promise<Opening | Ending> {
    const headers = { accept: "text/event-stream" }
    const answer = await requests.send(path, { headers, query: { ...query, after: after || undefined }, signal })
    if (answer.status === 204) return { kind: "over" }
    if (!answer.body || !answer.headers.get("content-type")?.startsWith("text/event-stream")) return HELD_BACK
    const reader = answer.body.getReader()
    // An abort of the request does not always reach a body that has begun.
    signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined))
    const { value } = await reader.read()
    return value ? { reader, first: value } : CUT
  }

  return {
    transport: "sse",
    async *open(after, connection) {
      const opening = await within(patience.opening, connection, HELD_BACK, begin(after, connection.signal))
      if ("kind" in opening) return opening
      const next = () => within(patience.silence, connection, SILENT, opening.reader.read())
      const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
      const parser = new SseParser()
      const passed = new Passed()
      for (let bytes: Uint8Array | undefined = opening.first; bytes; bytes = (await next()).value) {
        const blocks = parser.push(decoder.decode(bytes, { stream: true }))
        const events = []
        for (const block of blocks) if (block.data) events.push(eventOf(block.data))
        yield { events, cursor: passed.cursor(parser.lastId, blocks.at(-1)?.id), retry: parser.retry }
      }
      return CUT
    },
  }
}

interface Opening {
  readonly reader: ReadableStreamDefaultReader<Uint8Array>
  readonly first: Uint8Array
}

/**
 * Which ids without an event count. They tell how far the log went on with events that were filtered out, but one also
 * comes right before a gap or a snapshot, and whoever went on from there would never hear of it. So each counts only
 * when the next has come.
 */
class Passed {
  #pending = ""

  cursor(last: string, withEvent: string | undefined): string {
    if (last === this.#pending) return ""
    const sure = this.#pending
    this.#pending = last === withEvent ? "" : last
    return withEvent === undefined ? sure : ""
  }
}
