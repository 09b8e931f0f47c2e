import { signal, type ReadonlySignal } from "@preact/signals"
import { useEffect, useMemo } from "preact/hooks"
import { PuntiniError, type SessionInfo, type SessionPatch } from "@puntini/client"
import { client } from "../client"
import { useLookingAgain } from "../parts/looking"
import { sentence } from "../parts/problem"
import { toast } from "../parts/toasts"

const AGAIN_MS = 30_000

/** What the server has written on a session's cover: title, agent, owner. Its log does not tell of these. */
export interface About {
  /** Undefined until it came. */
  readonly info: ReadonlySignal<SessionInfo | undefined>
  /** Why it can't be shown at all, in a sentence. */
  readonly problem: ReadonlySignal<string>
  readonly ask: () => void
  readonly change: (change: SessionPatch) => Promise<void>
}

export function useAbout(id: string): About {
  const about = useMemo(() => aboutOf(id), [id])
  useEffect(about.ask, [about])
  useLookingAgain(about.ask, AGAIN_MS)
  return about
}

function aboutOf(id: string): About {
  const info = signal<SessionInfo>()
  const problem = signal("")
  let isAsking = false
  const ask = () => {
    if (isAsking) return
    isAsking = true
    client.sessions.get(id).then(
      (came) => {
        info.value = came
        problem.value = ""
        isAsking = false
      },
      (error: unknown) => {
        // Whether the server is there is said by the connection's own sign; and what is shown is not taken away.
        const isAway = error instanceof PuntiniError && error.code === "network"
        if (!info.value && !isAway) problem.value = sentence(error)
        isAsking = false
      },
    )
  }
  const change = async (change: SessionPatch) => {
    try {
      info.value = await client.sessions.update(id, change)
    } catch (error) {
      toast(sentence(error), "bad")
    }
  }
  return { info, problem, ask, change }
}
