import { go, route } from "../route"

/** A parameter of the address; empty where it is not there. */
export function asked(name: string): string {
  return route.value.query.get(name) ?? ""
}

/** Where the list begins. */
export function askedOffset(): number {
  return Math.max(0, Math.trunc(Number(asked("offset")) || 0))
}

/** This address with other parameters; an empty one is left out. Another filter begins at the first page again. */
export function withQuery(changes: Readonly<Record<string, string>>): string {
  const { path, query } = route.value
  const next = new URLSearchParams(query)
  if (!("offset" in changes)) next.delete("offset")
  for (const [name, value] of Object.entries(changes)) {
    if (value) next.set(name, value)
    else next.delete(name)
  }
  const search = next.toString()
  return `#/${path.map(encodeURIComponent).join("/")}${search && `?${search}`}`
}

/** Change the address's parameters, without another entry in the history. */
export function ask(changes: Readonly<Record<string, string>>): void {
  go(withQuery(changes), { replace: true })
}
