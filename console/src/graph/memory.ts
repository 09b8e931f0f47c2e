import type { GraphState } from "@puntini/client"

type Place = readonly [x: number, y: number]
export type Places = Map<string, Place>

const PREFIX = "puntini.places."
/** So many sessions' places are kept in the page and in the browser. */
const SESSIONS = 12
/** Of so many nodes each. */
const NODES = 2500

const known = new Map<string, Places>()

/** Where a session's nodes were when they were last seen here. To be changed in place. */
export function places(session: string): Places {
  const found = known.get(session) ?? stored(session)
  known.delete(session)
  known.set(session, found)
  const [oldest] = known.keys()
  if (known.size > SESSIONS && oldest !== undefined) known.delete(oldest)
  return found
}

/** Write a session's places down, for the next visit. A browser that keeps nothing is no fault. */
export function remember(session: string, graph: GraphState): void {
  const of = known.get(session)
  if (!of) return
  const rows: [string, number, number][] = []
  for (const id of graph.nodes.keys()) {
    const place = of.get(id)
    if (place && rows.length < NODES) rows.push([id, Math.round(place[0]), Math.round(place[1])])
  }
  try {
    for (const old of overdue(session)) localStorage.removeItem(old)
    localStorage.setItem(PREFIX + session, JSON.stringify({ at: Date.now(), rows }))
  } catch {
    // Full or forbidden: they are remembered as long as the page is open.
  }
}

function overdue(session: string): string[] {
  const others = Object.keys(localStorage).filter((name) => name.startsWith(PREFIX) && name !== PREFIX + session)
  const dated = others.map((name) => ({ name, at: written(localStorage.getItem(name)).at }))
  return dated
    .sort((one, other) => other.at - one.at)
    .slice(SESSIONS - 1)
    .map(({ name }) => name)
}

function stored(session: string): Places {
  try {
    return new Map(written(localStorage.getItem(PREFIX + session)).rows.map(([id, x, y]) => [id, [x, y]]))
  } catch {
    return new Map()
  }
}

/** Anybody could have written there: what is not of this form is as if it were not there. */
function written(text: string | null): { at: number; rows: [string, number, number][] } {
  const empty = { at: 0, rows: [] }
  try {
    const read: unknown = JSON.parse(text ?? "null")
    if (typeof read !== "object" || read === null || !("rows" in read) || !Array.isArray(read.rows)) return empty
    return { at: "at" in read ? Number(read.at) || 0 : 0, rows: read.rows.filter(isRow) }
  } catch {
    return empty
  }
}

function isRow(row: unknown): row is [string, number, number] {
  return Array.isArray(row) && typeof row[0] === "string" && Number.isFinite(row[1]) && Number.isFinite(row[2])
}
