import { useMemo } from "preact/hooks"

/** So much of a long text is coloured and shown; all of it can be copied. */
const MOST = 64 * 1024
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*|true|false|null)/g

/** A value as JSON, laid out to be read. */
export function Json({ value }: { value: unknown }) {
  const text = useMemo(() => JSON.stringify(value, null, 2), [value])
  const parts = useMemo(() => coloured(text.slice(0, MOST)), [text])
  return (
    <pre class="event-json" tabIndex={0} aria-label="JSON">
      {parts}
      {text.length > MOST && `\n… ${(text.length - MOST).toLocaleString()} more characters: copy it to see them.`}
    </pre>
  )
}

function coloured(text: string) {
  const parts = []
  let done = 0
  for (const match of text.matchAll(TOKEN)) {
    const [whole, string, colon = ""] = match
    parts.push(text.slice(done, match.index))
    const kind = string === undefined ? "json-word" : colon ? "json-key" : "json-text"
    parts.push(
      <span key={match.index} class={kind}>
        {string ?? whole}
      </span>,
      colon,
    )
    done = match.index + whole.length
  }
  parts.push(text.slice(done))
  return parts
}
