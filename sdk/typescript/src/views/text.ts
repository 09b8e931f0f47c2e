/** The protocol counts code points and bytes of UTF-8, where JavaScript counts UTF-16. Lone surrogates do not occur. */

function isLowSurrogate(code: number): boolean {
  return code >= 0xdc00 && code <= 0xdfff
}

/** How many code points a text has. */
export function points(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) if (!isLowSurrogate(text.charCodeAt(at))) count++
  return count
}

/** How many bytes of UTF-8 a text takes. */
export function bytes(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const isHalf = code >= 0xd800 && code <= 0xdfff
    count += code < 0x80 ? 1 : code < 0x800 || isHalf ? 2 : 3
  }
  return count
}

/** Without its first `count` code points. */
export function dropped(text: string, count: number): string {
  let at = 0
  for (; count > 0 && at < text.length; count--) at += isLowSurrogate(text.charCodeAt(at + 1)) ? 2 : 1
  return text.slice(at)
}

/** As much of a text as fits into so many bytes. */
export function fitting(text: string, room: number): string {
  let end = 0
  for (const point of text) {
    room -= bytes(point)
    if (room < 0) break
    end += point.length
  }
  return text.slice(0, end)
}

/** A text of more than `most` code points cut, with an ellipsis. */
export function short(text: string, most: number): string {
  if (text.length <= most) return text
  const rest = dropped(text, most)
  return rest ? `${text.slice(0, text.length - rest.length)}…` : text
}

/** What of a piece that begins at `offset` is new to a text that reaches up to `end`. */
export function news(piece: string, offset: number, end: number): string {
  return dropped(piece, end - offset)
}
