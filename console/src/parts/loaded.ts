import { useCallback, useEffect, useState } from "preact/hooks"
import { sentence } from "./problem"

export interface Loaded<T> {
  /** What came last; undefined before the first answer. It stays while it is asked for again. */
  readonly value: T | undefined
  /** Why there is no newer one, in a sentence; empty while all is well. */
  readonly problem: string
  readonly again: () => void
}

/** Ask for something when the part appears, whenever one of `on` changes, and when `again` is called. */
export function useLoaded<T>(load: (signal: AbortSignal) => PromiseLike<T>, on: readonly unknown[]): Loaded<T> {
  const [value, setValue] = useState<T>()
  const [problem, setProblem] = useState("")
  const [times, setTimes] = useState(0)
  const again = useCallback(() => setTimes((times) => times + 1), [])
  useEffect(() => {
    const aborter = new AbortController()
    const { signal } = aborter
    load(signal).then(
      (value) => {
        if (signal.aborted) return
        setValue(() => value)
        setProblem("")
      },
      (error: unknown) => {
        if (!signal.aborted) setProblem(sentence(error))
      },
    )
    return () => aborter.abort()
  }, [...on, times])
  return { value, problem, again }
}
