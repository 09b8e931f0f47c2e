/** Longer texts, and those of more lines, take seconds to be laid out. */
const CHARACTERS = 100_000
const LINES = 4_000
const COLUMNS = 200
/** Reading nested quotes and lists, and long runs of one sign, takes the square of their number, and the stack. */
const NESTED = /^(?:[ \t]*(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))){40}/
const INDENTED = /^[ \t]{160,}(?:[-+*>]|\d)/
const RUN = /([*_~])\1{200}/
/** So does looking for a mail address in a long word. */
const WORD = 2_000

/** Whether laying this Markdown out would take so long that the page stood still: then it is better shown as it is written. */
export function isTangled(text: string): boolean {
  if (text.length > CHARACTERS) return true
  const lines = text.split("\n")
  return lines.length > LINES || lines.some(isTangledLine)
}

function isTangledLine(line: string): boolean {
  if (NESTED.test(line) || INDENTED.test(line) || RUN.test(line)) return true
  if (line.length <= COLUMNS) return false
  if (line.split("|").length > COLUMNS) return true
  return line.includes("@") && line.split(/\s+/).some((word) => word.length > WORD && word.includes("@"))
}
