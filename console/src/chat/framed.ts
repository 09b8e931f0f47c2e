import type { ReadonlySignal } from "@preact/signals"
import { useLayoutEffect, useState } from "preact/hooks"

/** The value of a signal, taken at most once a frame, however often it changes. */
export function useFramed<T>(signal: ReadonlySignal<T>): T {
  const [value, setValue] = useState(() => signal.peek())
  useLayoutEffect(() => {
    let frame = 0
    const take = () => {
      frame = 0
      setValue(() => signal.peek())
    }
    const stop = signal.subscribe(() => (frame ||= requestAnimationFrame(take)))
    return () => {
      stop()
      cancelAnimationFrame(frame)
    }
  }, [signal])
  return value
}
