import { useCallback, useMemo, useSyncExternalStore } from "react"
import type { PuntiniClient } from "./client.js"
import { PuntiniError } from "./errors.js"
import type { LiveOptions, LiveSession } from "./live.js"
import type { Connection } from "./stream/stream.js"
import { SessionView } from "./views/session.js"
import type { SessionState } from "./views/shapes.js"

/** What a component gets of a session: its state by now, and what can be done in it. */
export interface UsedSession extends Commands {
  readonly state: SessionState
  readonly connection: Connection
}

type Commands = Pick<
  LiveSession,
  "send" | "approve" | "pause" | "resume" | "stop" | "editGraph" | "action" | "closeSession" | "history"
>

/** Options that can be told apart by their text; of functions only whether they are there counts. */
export type UseOptions = Omit<LiveOptions, "signal">

/**
 * Follow a session. The component renders when anything in it changes; `useSessionPart` is for a part.
 *
 * All components that name the same client, session and options share one stream, which is opened when the first of
 * them is there and closed behind the last. On a server nothing is opened, and the state is empty.
 */
export function useSession(client: PuntiniClient, sessionId: string, options?: UseOptions): UsedSession {
  const shared = useShared(client, sessionId, options)
  const state = useSyncExternalStore(shared.subscribe, shared.state, emptyState)
  const connection = useSyncExternalStore(shared.subscribe, shared.connection, noConnection)
  return useMemo(() => ({ ...shared.commands, state, connection }), [shared, state, connection])
}

/**
 * A part of a session's state: the component renders when `select` gives another value. What did not change in the state
 * stays the same object, so `(state) => state.messages` will do; one that makes an object anew always gives another.
 */
export function useSessionPart<T>(
  client: PuntiniClient,
  sessionId: string,
  select: (state: SessionState) => T,
  options?: UseOptions,
): T {
  const shared = useShared(client, sessionId, options)
  // React compares what two calls give, also of a `select` that makes its value anew.
  const part = useMemo(() => remembering(select), [select])
  const read = useCallback(() => part(shared.state()), [shared, part])
  return useSyncExternalStore(shared.subscribe, read, () => part(EMPTY))
}

const EMPTY = new SessionView().state
const emptyState = () => EMPTY
const CLOSED: Connection = { status: "closed", transport: "sse", cursor: "", live: false, attempts: 0 }
const noConnection = () => CLOSED

function remembering<T>(select: (state: SessionState) => T): (state: SessionState) => T {
  let last: { state: SessionState; part: T } | undefined
  return (state) => {
    if (last?.state !== state) last = { state, part: select(state) }
    return last.part
  }
}

function useShared(client: PuntiniClient, sessionId: string, options: UseOptions = {}): Shared {
  const key = JSON.stringify([sessionId, options, !!options.shared, !!options.activities])
  // The key says all that is in the options.
  return useMemo(() => sharedBy(client, key, sessionId, options), [client, key])
}

const SHARED = new WeakMap<PuntiniClient, Map<string, Shared>>()

function sharedBy(client: PuntiniClient, key: string, sessionId: string, options: UseOptions): Shared {
  const known = SHARED.get(client) ?? new Map<string, Shared>()
  SHARED.set(client, known)
  const shared = known.get(key) ?? new Shared(() => client.session(sessionId, options))
  known.set(key, shared)
  return shared
}

/** A session that is followed as long as somebody subscribes to it. */
class Shared {
  readonly #open: () => LiveSession
  #live: LiveSession | undefined
  #users = 0

  constructor(open: () => LiveSession) {
    this.#open = open
  }

  readonly state = (): SessionState => this.#live?.state ?? EMPTY
  readonly connection = (): Connection => this.#live?.connection ?? CLOSED

  readonly subscribe = (listener: () => void): (() => void) => {
    const live = (this.#live ??= this.#open())
    this.#users++
    const stop = live.subscribe(listener)
    // What came between rendering and subscribing.
    listener()
    return () => {
      stop()
      this.#users--
      // In strict mode React leaves and comes back at once.
      setTimeout(() => {
        if (this.#users) return
        this.#live?.close()
        this.#live = undefined
      })
    }
  }

  readonly commands: Commands = {
    send: async (...args) => this.#used().send(...args),
    approve: async (...args) => this.#used().approve(...args),
    pause: async (...args) => this.#used().pause(...args),
    resume: async (...args) => this.#used().resume(...args),
    stop: async (...args) => this.#used().stop(...args),
    editGraph: async (...args) => this.#used().editGraph(...args),
    action: async (...args) => this.#used().action(...args),
    closeSession: async (...args) => this.#used().closeSession(...args),
    history: (...args) => this.#used().history(...args),
  }

  #used(): LiveSession {
    if (this.#live) return this.#live
    throw new PuntiniError({ status: 0, code: "closed", detail: "The component that used this session is gone." })
  }
}
