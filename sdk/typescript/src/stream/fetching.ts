import { CUT, type Ending } from "./endings.js"
import { eventOf, type Batch, type Requests, type Source, type Subscription } from "./source.js"
import { SseParser } from "./sse.js"
import { Watch } from "./watch.js"

const HELD_BACK: Ending = { kind: "blocked", reason: "Something on the way holds the stream back." }
const SILENT: Ending = { kind: "silent", reason: "Nothing was heard from the server for too long." }

/** Server-Sent Events over `fetch`. The body is read as fast as batches are taken, so TCP slows the server down. */
export class SseSource implements Source {
  readonly transport = "sse"
  readonly #requests: Requests
  readonly #asked: Subscription

  constructor(requests: Requests, asked: Subscription) {
    this.#requests = requests
    this.#asked = asked
  }

  async *open(after: string, signal: AbortSignal): AsyncGenerator<Batch, Ending> {
    const watch = new Watch(signal)
    try {
      const opening = await watch.within(this.#asked.patience.opening, HELD_BACK, this.#begin(after, watch.signal))
      if (!("reader" in opening)) return opening
      return yield* this.#read(opening, watch)
    } catch (error) {
      if (watch.missed) return watch.missed
      throw error
    } finally {
      watch.end()
    }
  }

  /** The answer with the first bytes of its body, which the server sends at once: or how it ended before. */
  async #begin(after: string, signal: AbortSignal): Promise<Opening | Ending> {
    const headers = { accept: "text/event-stream" }
    const query = { ...this.#asked.query, after: after || undefined }
    const answer = await this.#requests.send(this.#asked.path, { headers, query, signal })
    if (answer.status === 204) return { kind: "over" }
    if (!answer.body || !answer.headers.get("content-type")?.startsWith("text/event-stream")) return HELD_BACK
    const reader = answer.body.getReader()
    // An abort of the request does not always reach a body that has begun.
    signal.addEventListener("abort", () => void reader.cancel().catch(() => undefined))
    const { value } = await reader.read()
    return value ? { reader, first: value } : CUT
  }

  async *#read({ reader, first }: Opening, watch: Watch): AsyncGenerator<Batch, Ending> {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
    const parser = new SseParser()
    const passed = new Passed()
    for (let bytes: Uint8Array | undefined = first; bytes;) {
      const blocks = parser.push(decoder.decode(bytes, { stream: true }))
      const events = []
      for (const block of blocks) if (block.data) events.push(eventOf(block.data))
      const cursor = passed.cursor(parser.lastId, blocks.at(-1)?.id)
      yield { events, cursor, retry: parser.retry }
      bytes = (await watch.within(this.#asked.patience.silence, SILENT, reader.read())).value
    }
    return CUT
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
