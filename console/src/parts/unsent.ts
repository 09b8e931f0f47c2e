import { signal, type Signal } from "@preact/signals"
import { me } from "../account/me"

/** What all that is kept may have together, in characters: beyond it the oldest goes. */
export const MOST_KEPT = 1_000_000
const PREFIX = "puntini.unsent."

/**
 * Keep what somebody wrote and the server does not have yet, for as long as this tab is open; undefined forgets it.
 *
 * It is kept for who is logged in, so that nobody else finds it, or sends it.
 */
export function keepUnsent(name: string, value: unknown): void {
  try {
    const key = keyOf(name)
    sessionStorage.removeItem(key)
    if (value === undefined) return
    const text = JSON.stringify({ at: Date.now(), value })
    if (text.length > MOST_KEPT) return
    makeRoom(text.length)
    sessionStorage.setItem(key, text)
  } catch {
    // Storage is full or forbidden: then it holds until the page is left.
  }
}

/** What was kept; undefined where nothing was. Anybody could have written it. */
export function unsent(name: string): unknown {
  try {
    return read(keyOf(name))?.value
  } catch {
    return undefined
  }
}

/** A text that is being written: empty, or what was kept of it. */
export function draftOf(name: string): Signal<string> {
  const kept = unsent(`draft.${name}`)
  const draft = signal(typeof kept === "string" ? kept : "")
  draft.subscribe((text) => keepUnsent(`draft.${name}`, text || undefined))
  return draft
}

/** Forget all of it, also of those who were logged in before. */
export function forgetUnsent(): void {
  try {
    for (const key of keys()) sessionStorage.removeItem(key)
  } catch {
    // Where storage is forbidden there is nothing in it.
  }
}

function keyOf(name: string): string {
  return `${PREFIX}${me.peek()?.username ?? ""}.${name}`
}

function keys(): string[] {
  return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX))
}

function makeRoom(size: number): void {
  const sizes = new Map(keys().map((key) => [key, sessionStorage.getItem(key)?.length ?? 0]))
  let total = size + [...sizes.values()].reduce((sum, each) => sum + each, 0)
  if (total <= MOST_KEPT) return
  const dated = [...sizes.keys()]
    .map((key) => ({ key, at: read(key)?.at ?? 0 }))
    .sort((one, other) => one.at - other.at)
  for (const { key } of dated) {
    if (total <= MOST_KEPT) return
    sessionStorage.removeItem(key)
    total -= sizes.get(key) ?? 0
  }
}

function read(key: string): { at: number; value: unknown } | undefined {
  const found: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null")
  if (typeof found !== "object" || found === null || !("value" in found)) return undefined
  return { at: "at" in found ? Number(found.at) || 0 : 0, value: found.value }
}
