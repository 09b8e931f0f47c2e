import { createParser } from "eventsource-parser"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { SseParser, type SseEvent } from "../../src/stream/sse.js"

/** What a parser makes of bytes that come in these pieces. */
function parse(pieces: readonly Uint8Array[], parser = new SseParser()): SseEvent[] {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  return pieces.flatMap((bytes) => parser.push(decoder.decode(bytes, { stream: true })))
}

const bytes = (text: string) => new TextEncoder().encode(text)
const event = (data: string, type = "message", id = "") => ({ type, data, id })

/** `stream` as the standard (HTML, 9.2.5 and 9.2.6) would have it read. */
const VECTORS: readonly [rule: string, stream: string, events: SseEvent[]][] = [
  ["an event", "data: hello\n\n", [event("hello")]],
  ["several lines of data are one, joined by LF", "data: YHOO\ndata: +2\ndata: 10\n\n", [event("YHOO\n+2\n10")]],
  ["a comment is nothing", ": test stream\n\ndata: first\nid: 1\n\n", [event("first", "message", "1")]],
  [
    "an id lasts, an empty one resets it, and a leading space beyond the first is data",
    "data: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
    [event("first event", "message", "1"), event("second event"), event(" third event")],
  ],
  [
    "data without a value is empty data; what has no end is dropped",
    "data\n\ndata\ndata\n\ndata:",
    [event(""), event("\n")],
  ],
  ["the space after the colon may be missing", "data:test\n\ndata: test\n\n", [event("test"), event("test")]],
  ["a name of an event", "event: add\ndata: 1\n\n", [event("1", "add")]],
  ["the name does not last", "event: add\ndata: 1\n\ndata: 2\n\n", [event("1", "add"), event("2")]],
  ["without data there is no event, and the name is forgotten", "event: add\n\ndata: 1\n\n", [event("1")]],
  ["the last of two names counts", "event: a\nevent: b\ndata: 1\n\n", [event("1", "b")]],
  ["an empty name is the default", "event: a\nevent:\ndata: 1\n\n", [event("1")]],
  ["an id without an event lasts", "id: 7\n\ndata: 1\n\n", [event("1", "message", "7")]],
  ["an id with NUL is ignored", "id: 7\n\nid: a\0b\ndata: 1\n\n", [event("1", "message", "7")]],
  ["unknown fields are ignored", "sad: 1\n data: no\ndata: yes\nDATA: no\n\n", [event("yes")]],
  ["a field may have a colon in its value", "data: a:b: c\n\n", [event("a:b: c")]],
  ["CR ends lines", "data: a\rdata: b\r\rdata: c\r\r", [event("a\nb"), event("c")]],
  ["CRLF ends lines", "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", [event("a\nb"), event("c")]],
  ["all three ends in one stream", "data: a\ndata: b\r\ndata: c\r\r\ndata: d\n\r", [event("a\nb\nc"), event("d")]],
  ["LF CR is two ends", "data: a\n\rdata: b\n\n", [event("a"), event("b")]],
  ["one BOM is taken off", "\uFEFFdata: a\n\n", [event("a")]],
  ["a second BOM is not", "\uFEFF\uFEFFdata: a\n\ndata: b\n\n", [event("b")]],
  ["a BOM later on is not", "data: a\n\n\uFEFFdata: b\n\n", [event("a")]],
  ["other Unicode line ends are data", "data: a\u2028b\u0085c\u000Bd\n\n", [event("a\u2028b\u0085c\u000Bd")]],
  ["characters of several bytes", "data: Čeština 🦊\nid: ☕\n\n", [event("Čeština 🦊", "message", "☕")]],
  ["the end of the stream dispatches nothing", "data: a\n\ndata: b\n", [event("a")]],
]

describe("the standard's rules", () => {
  test.each(VECTORS)("%s", (_, stream, events) => {
    const whole = bytes(stream)
    expect(parse([whole])).toEqual(events)
    expect(parse(Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(events)
    for (let at = 1; at < whole.length; at++) expect(parse([whole.subarray(0, at), whole.subarray(at)])).toEqual(events)
  })

  test("bytes that are no UTF-8 become U+FFFD", () => {
    expect(parse([bytes("data: "), Uint8Array.of(0xff, 0xc3), bytes("\n\n")])).toEqual([event("\uFFFD\uFFFD")])
  })
})

test.each([
  ["retry: 3000\n", 3000],
  ["retry:0\n", 0],
  ["retry: 3000\nretry: nonsense\n", 3000],
  ["retry: -1\n", undefined],
  ["retry: 1.5\n", undefined],
  ["retry: 1e3\n", undefined],
  ["retry: ٣\n", undefined],
  ["retry\n", undefined],
])("%j sets the reconnection time to %s", (stream, retry) => {
  const parser = new SseParser()
  parser.push(stream)
  expect(parser.retry).toBe(retry)
})

test("the last id moves when a block ends, also one without an event", () => {
  const parser = new SseParser()
  parser.push("id: 1\n")
  expect(parser.lastId).toBe("")
  parser.push("\n")
  expect(parser.lastId).toBe("1")
})

test("an event is told as soon as its last line ends, also by a CR that may become a CRLF", () => {
  const parser = new SseParser()
  expect(parser.push("data: a\r\n\r")).toEqual([event("a")])
  expect(parser.push("\ndata: b\r\r")).toEqual([event("b")])
})

test.each(["data: 12345678901\n\n", "data: 123456\n".repeat(2), "id: 12345678901", ": 12345678901"])(
  "%j, in small pieces, is over a bound of 10",
  (stream) => {
    const parser = new SseParser(10)
    expect(() => {
      for (const letter of stream) parser.push(letter)
    }).toThrow(RangeError)
  },
)

describe("in random pieces", () => {
  const text = fc.string({ unit: fc.constantFrom("a", ":", " ", "é", "🦊", "\uFEFF", "\0", "\u2028", "1", "data") })
  const field = fc.constantFrom("data", "event", "id", "retry", "", "other", "Data", "\uFEFFdata")
  const line = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(field, fc.constantFrom(":", ": ", ""), text).map((parts) => parts.join("")) },
    { weight: 3, arbitrary: fc.constant("") },
  )
  const end = fc.constantFrom("\n", "\r\n", "\r")
  const stream = fc.array(fc.tuple(line, end)).map((lines) => lines.map((parts) => parts.join("")).join(""))
  const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 })

  function cut(whole: Uint8Array, lengths: readonly number[]): Uint8Array[] {
    const pieces = []
    for (let at = 0, turn = 0; at < whole.length; turn++) {
      const length = lengths[turn % lengths.length] ?? 1
      pieces.push(whole.subarray(at, at + length))
      at += length
    }
    return pieces
  }

  test("a stream means the same as in one piece", () => {
    fc.assert(
      fc.property(stream, sizes, (content, lengths) => {
        expect(parse(cut(bytes(content), lengths))).toEqual(parse([bytes(content)]))
      }),
      { numRuns: 500 },
    )
  })

  // It keeps no id from one event to the next, and waits for what follows a CR: so ids are left out, and something follows.
  test("eventsource-parser finds the same names, data and reconnection times", () => {
    fc.assert(
      fc.property(stream, sizes, (content, lengths) => {
        const pieces = cut(bytes(`${content}:\n`), lengths)
        const parser = new SseParser()
        const ours = parse(pieces, parser).map(({ type, data }) => ({ type, data }))
        expect([ours, parser.retry]).toEqual(theirs(pieces))
      }),
      { numRuns: 500 },
    )
  })

  function theirs(pieces: readonly Uint8Array[]): [{ type: string; data: string }[], number | undefined] {
    const found: { type: string; data: string }[] = []
    let retry: number | undefined
    const parser = createParser({
      onEvent: ({ event: type, data }) => found.push({ type: type || "message", data }),
      onRetry: (named) => (retry = named),
    })
    // Of a BOM it takes off what bytes would look like, so the decoder does it.
    const decoder = new TextDecoder()
    for (const piece of pieces) parser.feed(decoder.decode(piece, { stream: true }))
    return [found, retry]
  }
})
