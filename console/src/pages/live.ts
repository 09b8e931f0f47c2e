import { useCallback, useEffect, useRef, useState } from "preact/hooks"
import type { Loaded } from "../parts/loaded"
import { sentence } from "../parts/problem"

/** What was loaded, of which one knows whether it still answers the question before. */
export interface Live<T> extends Loaded<T> {
  readonly stale: boolean
}

interface Pace {
  /** Ask again this many milliseconds after each answer, while somebody looks at the page; 0 does not. */
  every?: number
  /** Ask again when this changes. */
  beat?: number
}

interface State<T> {
  readonly value: T | undefined
  readonly problem: string
  readonly key: string
}

/** Ask for something that changes by itself: anew for another `key`, and at its pace. */
export function useLive<T>(
  key: string,
  load: (signal: AbortSignal) => PromiseLike<T>,
  { every = 0, beat = 0 }: Pace = {},
): Live<T> {
  const [state, setState] = useState<State<T>>({ value: undefined, problem: "", key })
  const [round, setRound] = useState(0)
  const latest = useRef(load)
  latest.current = load
  useEffect(() => {
    const aborter = new AbortController()
    const { signal } = aborter
    void repeat(signal, every, async () => {
      try {
        const value = await latest.current(signal)
        if (!signal.aborted) setState({ value, problem: "", key })
      } catch (error) {
        if (!signal.aborted) setState((was) => ({ value: was.value, problem: sentence(error), key }))
      }
    })
    return () => aborter.abort()
  }, [key, round, every, beat])
  const again = useCallback(() => setRound((was) => was + 1), [])
  const stale = state.key !== key
  return { value: state.value, problem: stale ? "" : state.problem, stale, again }
}

async function repeat(signal: AbortSignal, every: number, act: () => Promise<void>): Promise<void> {
  do {
    await act()
    if (every && !signal.aborted) await rest(every, signal)
  } while (every && !signal.aborted)
}

/** Wait, and then until the page is looked at; or until it is over. */
function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let due = false
    const end = () => {
      clearTimeout(timer)
      document.removeEventListener("visibilitychange", look)
      signal.removeEventListener("abort", end)
      resolve()
    }
    const look = () => {
      if (due && !document.hidden) end()
    }
    const timer = setTimeout(() => {
      due = true
      look()
    }, milliseconds)
    document.addEventListener("visibilitychange", look)
    signal.addEventListener("abort", end)
  })
}
