import { useState } from "preact/hooks"

/** Of longer prompts so many characters are shown at first. */
const SHOWN = 2_000
/** A fold that hides less than so many is not worth its button. */
const WORTH_FOLDING = 500

/** What somebody asked for, as they wrote it; a very long text is folded. */
export function Prompt({ text }: { text: string }) {
  const [all, setAll] = useState(false)
  const isLong = text.length > SHOWN + WORTH_FOLDING
  return (
    <>
      <p class="message-prompt">{isLong && !all ? `${cut(text)}…` : text}</p>
      {isLong && (
        <button type="button" class="value-more small" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show all ${text.length.toLocaleString()} characters`}
        </button>
      )}
    </>
  )
}

/** Never half of a character that takes two places. */
function cut(text: string): string {
  const last = text.charCodeAt(SHOWN - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? SHOWN - 1 : SHOWN)
}
