/** A dispatched event of an event stream. `id` is the stream's last id at this point. */
export interface SseEvent {
  type: string
  data: string
  id: string
}

/** No event may be larger than so many UTF-16 code units: more than the largest snapshot that a server makes. */
export const LARGEST_EVENT = 64 * 1024 * 1024

/**
 * Reads an event stream as the WHATWG standard says (HTML, 9.2.6), from text that is cut anywhere.
 *
 * Decode with `ignoreBOM: true`: the one byte order mark that may come first is taken off here.
 */
export class SseParser {
  /** The id to come back with. An event's own is told with it. */
  lastId = ""
  /** The reconnection time in milliseconds, once the stream has named one. */
  retry: number | undefined
  readonly #largest: number
  #begun = false
  #skipFeed = false
  #line = ""
  #id = ""
  #type = ""
  #data: string | undefined
  #found: SseEvent[] = []

  constructor(largest = LARGEST_EVENT) {
    this.#largest = largest
  }

  /** The events that `text` completes. Throws RangeError when one gets too large. */
  push(text: string): SseEvent[] {
    if (!text) return []
    let at = this.#opening(text)
    const carriage = text.includes("\r", at)
    for (;;) {
      const end = carriage ? lineEnd(text, at) : text.indexOf("\n", at)
      if (end < 0) break
      if (this.#line) {
        this.#take(this.#line + text.slice(at, end))
        this.#line = ""
      } else this.#take(text.slice(at, end))
      at = end + 1
      if (carriage && text[end] === "\r") {
        if (text[at] === "\n") at++
        else this.#skipFeed = at === text.length
      }
    }
    // Only what is new is searched for an end, so a long line costs its length, however many pieces it comes in.
    if (at < text.length) this.#line += at ? text.slice(at) : text
    if (this.#line.length + (this.#data?.length ?? 0) > this.#largest) {
      throw new RangeError(`An event of the stream has more than ${this.#largest} characters.`)
    }
    const found = this.#found
    if (found.length) this.#found = []
    return found
  }

  /** Where to begin in `text`: behind a byte order mark, or the second half of a CRLF. */
  #opening(text: string): number {
    const passed = this.#begun ? this.#skipFeed && text[0] === "\n" : text[0] === "\uFEFF"
    this.#begun = true
    this.#skipFeed = false
    return passed ? 1 : 0
  }

  #take(line: string): void {
    // The two lines that nearly all streams consist of come first.
    if (line.startsWith("data: ")) this.#append(line.slice(6))
    else if (!line) this.#dispatch()
    else {
      const colon = line.indexOf(":")
      if (colon === 0) return
      const value = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1)
      this.#set(colon < 0 ? line : line.slice(0, colon), value)
    }
  }

  #set(field: string, value: string): void {
    if (field === "data") this.#append(value)
    else if (field === "event") this.#type = value
    else if (field === "id") {
      if (!value.includes("\0")) this.#id = value
    } else if (field === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value)
  }

  #append(value: string): void {
    this.#data = this.#data === undefined ? value : `${this.#data}\n${value}`
  }

  #dispatch(): void {
    this.lastId = this.#id
    if (this.#data !== undefined) {
      this.#found.push({ type: this.#type || "message", data: this.#data, id: this.lastId })
      this.#data = undefined
    }
    this.#type = ""
  }
}

const LINE_END = /[\r\n]/g

/** Where the next LF or CR is; -1 where there is none. */
function lineEnd(text: string, from: number): number {
  LINE_END.lastIndex = from
  return LINE_END.exec(text)?.index ?? -1
}
