/** The protocol counts code points and bytes of UTF-8, where JavaScript counts UTF-16. */

const encoder = new TextEncoder()

/** How many code points a text has. */
export function points(text: string): number {
  return [...text].length
}

/** As much of a text as fits into so many bytes, and how many it takes. What is cut counts as having filled the room. */
export function fitting(text: string, room: number): [text: string, size: number] {
  const bytes = encoder.encode(text)
  if (bytes.length <= room) return [text, bytes.length]
  // To be gone on with: so half a character is not shown as a broken one.
  return [new TextDecoder().decode(bytes.subarray(0, room), { stream: true }), room]
}

/** What of a piece that begins at `offset` is new to a text that reaches up to `end`. */
export function news(piece: string, offset: number, end: number): string {
  return end > offset ? [...piece].slice(end - offset).join("") : piece
}

/** A text of more than `most` characters cut, with an ellipsis. */
export function short(text: string, most: number): string {
  const shown = text.length > most ? [...text] : []
  return shown.length > most ? `${shown.slice(0, most).join("")}…` : text
}
