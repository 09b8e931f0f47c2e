import { unlessAborted } from "../pause.js"
import type { Ending } from "./endings.js"

/**
 * The result of `work`. If it takes longer than `ms`, the connection is aborted with `ending`. An abort rejects at once,
 * whether or not `work` heeds it: a body that is being read does not always.
 */
export function within<T>(ms: number, connection: AbortController, ending: Ending, work: Promise<T>): Promise<T> {
  const timer = setTimeout(() => connection.abort(ending), ms)
  return unlessAborted(work, connection.signal).finally(() => clearTimeout(timer))
}
