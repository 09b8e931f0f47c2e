import { problem, PuntiniError } from "../errors.js"

/** How a connection ended, and so what comes next. */
export type Ending =
  /** Nothing can follow. */
  | { readonly kind: "over" }
  /** It can't go on, whatever is tried. */
  | { readonly kind: "failed"; readonly error: PuntiniError }
  /** Lost: try again after a while, not before `atLeast` milliseconds where the server asks for that. */
  | { readonly kind: "lost"; readonly reason: string; readonly atLeast?: number }
  /** The credential has ended: come back with a new one. */
  | { readonly kind: "unauthorized"; readonly error: PuntiniError }
  /** This transport does not get through: go on by another. */
  | { readonly kind: "blocked"; readonly reason: string }
  /** Nothing came for too long. */
  | { readonly kind: "silent"; readonly reason: string }
  /** Left on purpose, to go on at once: for another transport, a new credential, or because the reader was too slow. */
  | { readonly kind: "left" }

export const LEFT: Ending = { kind: "left" }
export const SILENT: Ending = { kind: "silent", reason: "Nothing was heard from the server for too long." }
export const CUT: Ending = { kind: "lost", reason: "The connection was cut." }

/** What an error means for the connection that it ended. */
export function endingOf(error: unknown): Ending {
  if (error instanceof PuntiniError) {
    if (error.status === 401) return { kind: "unauthorized", error }
    if (error.retryable || error.status === 425) return lost(error.message, error.retryAfter)
    return { kind: "failed", error }
  }
  if (error instanceof RangeError) {
    return { kind: "failed", error: problem(0, "too_large", error.message) }
  }
  if (error instanceof SyntaxError) return { kind: "lost", reason: "Something on the way damaged the stream." }
  return { kind: "lost", reason: "The server can't be reached." }
}

function lost(reason: string, seconds: number | undefined): Ending {
  return seconds === undefined ? { kind: "lost", reason } : { kind: "lost", reason, atLeast: seconds * 1_000 }
}

/** What the close code of a WebSocket that was open means (docs/protocol.md, WebSocket). */
export function endingOfCode(code: number): Ending {
  switch (code) {
    case 1000:
      return { kind: "over" }
    case 1008:
    case 1009:
      return { kind: "blocked", reason: `The WebSocket was closed with ${code}.` }
    case 4401:
      return { kind: "unauthorized", error: problem(401, "unauthorized", "The credential has expired: log in again.") }
    case 4403:
      return { kind: "failed", error: problem(403, "forbidden", "You may not follow this.") }
    case 4404:
      return { kind: "failed", error: problem(404, "not_found", "There is no such session, or it was deleted.") }
    case 4429:
      return { kind: "lost", reason: "The server has too many connections of yours.", atLeast: 5_000 }
    default:
      return CUT
  }
}
