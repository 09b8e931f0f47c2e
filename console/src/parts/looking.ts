import { useEffect, useRef } from "preact/hooks"

/** Call `look` every so often while somebody looks at the page, and when they come back to it. */
export function useLookingAgain(look: () => void, everyMs: number): void {
  const latest = useRef(look)
  latest.current = look
  useEffect(() => {
    const again = () => {
      if (document.visibilityState === "visible") latest.current()
    }
    const timer = setInterval(again, everyMs)
    document.addEventListener("visibilitychange", again)
    return () => {
      clearInterval(timer)
      document.removeEventListener("visibilitychange", again)
    }
  }, [everyMs])
}
