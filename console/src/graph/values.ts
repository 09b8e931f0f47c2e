/** How a property's value is shown and typed in. */
export type Kind = "text" | "number" | "boolean" | "json"

export interface Typed {
  readonly kind: Kind
  readonly text: string
}

/** JSON of up to so many characters is shown in one line. */
const SHORT = 60

export const KINDS: readonly (readonly [Kind, string])[] = [
  ["text", "Text"],
  ["number", "Number"],
  ["boolean", "True/false"],
  ["json", "JSON"],
]

/** A value as it is typed in. */
export function typed(value: unknown): Typed {
  if (typeof value === "string") return { kind: "text", text: value }
  if (typeof value === "number") return { kind: "number", text: String(value) }
  if (typeof value === "boolean") return { kind: "boolean", text: String(value) }
  const line = JSON.stringify(value) ?? ""
  return { kind: "json", text: line.length > SHORT ? JSON.stringify(value, null, 2) : line }
}

/** The same text under another kind; true or false has to be one of the two. */
export function as(kind: Kind, { text }: Typed): Typed {
  return { kind, text: kind === "boolean" && text !== "true" ? "false" : text }
}

/** What was typed in, as a value, or what is wrong with it, in one sentence. */
export function parsed({ kind, text }: Typed): { value: unknown } | { wrong: string } {
  switch (kind) {
    case "text":
      return { value: text }
    case "boolean":
      return { value: text === "true" }
    case "number": {
      const number = Number(text)
      return text.trim() && Number.isFinite(number) ? { value: number } : { wrong: "Type a number, such as 3 or 2.5." }
    }
    case "json":
      return json(text)
  }
}

function json(text: string): { value: unknown } | { wrong: string } {
  try {
    const value: unknown = JSON.parse(text)
    return value === null ? { wrong: "null stands for no property: remove it instead." } : { value }
  } catch {
    return { wrong: 'Type JSON, such as ["a", 1] or {"a": true}.' }
  }
}

/** A value in a sentence or a table. */
export function told(value: unknown): string {
  if (value === null || value === undefined) return "nothing"
  return typeof value === "string" ? value : JSON.stringify(value)
}
