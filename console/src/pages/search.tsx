import { useEffect, useState } from "preact/hooks"

const PAUSE = 250

interface Search {
  label: string
  value: string
  /** Called when somebody pauses, and at once on Enter. */
  onSearch: (words: string) => void
}

/** A box for a search as one types. */
export function SearchBox({ label, value, onSearch }: Search) {
  const [words, setWords] = useState(value)
  useEffect(() => setWords(value), [value])
  useEffect(() => {
    if (words.trim() === value) return
    const timer = setTimeout(() => onSearch(words.trim()), PAUSE)
    return () => clearTimeout(timer)
  }, [words])
  return (
    <form
      class="searchbox"
      role="search"
      onSubmit={(event) => {
        event.preventDefault()
        onSearch(words.trim())
      }}
    >
      <input
        class="input"
        type="search"
        aria-label={label}
        placeholder={label}
        value={words}
        onInput={(event) => setWords(event.currentTarget.value)}
      />
    </form>
  )
}
