import { useCallback, useState } from "preact/hooks"
import { sentence } from "./problem"

export interface Working {
  /** Whether it is being done now: a second start does nothing. */
  readonly busy: boolean
  /** Why it failed, in a sentence; empty otherwise. */
  readonly problem: string
  /** Do it. True when it went well. */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>
}

/** Something that a button does, which takes a while and may fail. */
export function useWorking(): Working {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState("")
  const run = useCallback(
    async (work: () => Promise<unknown>) => {
      if (busy) return false
      setBusy(true)
      setProblem("")
      try {
        await work()
        return true
      } catch (error) {
        setProblem(sentence(error))
        return false
      } finally {
        setBusy(false)
      }
    },
    [busy],
  )
  return { busy, problem, run }
}
