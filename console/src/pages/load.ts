import { PuntiniError } from "@puntini/client"
import { useCallback, useEffect, useRef, useState } from "preact/hooks"

/** A page of a list, as the API answers it. */
export interface Listed<T> {
  readonly items: readonly T[]
  readonly total: number
}

/** How a question to the server stands. */
export interface Loaded<T> {
  readonly data: T | undefined
  /** Why the latest try failed, in one sentence; empty where it did not. */
  readonly problem: string
  /** Whether `data` still answers the question before. */
  readonly stale: boolean
  readonly again: () => void
}

interface State<T> {
  readonly data: T | undefined
  readonly problem: string
  readonly key: string
}

/** Ask the server, anew when `key` changes, and every so many milliseconds while somebody looks at the page. */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, every = 0): Loaded<T> {
  const [state, setState] = useState<State<T>>({ data: undefined, problem: "", key })
  const [round, setRound] = useState(0)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    const aborter = new AbortController()
    void repeat(aborter.signal, every, async () => {
      try {
        const data = await latest.current(aborter.signal)
        if (!aborter.signal.aborted) setState({ data, problem: "", key })
      } catch (error) {
        if (!aborter.signal.aborted) setState((was) => ({ data: was.data, problem: sentence(error), key }))
      }
    })
    return () => aborter.abort()
  }, [key, round, every])
  const again = useCallback(() => setRound((was) => was + 1), [])
  return { data: state.data, problem: state.problem, stale: state.key !== key, again }
}

/** What went wrong, for people. */
export function sentence(error: unknown): string {
  if (error instanceof PuntiniError) return error.message
  if (error instanceof TypeError) return "The server can't be reached: check that it runs, then try again."
  return error instanceof Error ? error.message : String(error)
}

async function repeat(signal: AbortSignal, every: number, act: () => Promise<void>): Promise<void> {
  do {
    await act()
    if (every) await rest(every, signal)
  } while (every && !signal.aborted)
}

/** Wait, and then until the page is looked at; or until it is over. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer)
      document.removeEventListener("visibilitychange", look)
      signal.removeEventListener("abort", end)
      resolve()
    }
    const look = () => {
      if (!document.hidden && due) end()
    }
    let due = false
    const timer = setTimeout(() => {
      due = true
      look()
    }, milliseconds)
    document.addEventListener("visibilitychange", look)
    signal.addEventListener("abort", end)
  })
}
