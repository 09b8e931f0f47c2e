import { computed, signal } from "@preact/signals"

/** Where one is: `#/sessions/ses_1?at=x` is `{ path: ["sessions", "ses_1"], query: {at: "x"} }`. */
export interface Route {
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

const hash = signal(location.hash)
addEventListener("hashchange", () => (hash.value = location.hash))

export const route = computed<Route>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?")
  return { path: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) }
})

/** The address of a place, for `href`. */
export function to(...path: string[]): string {
  return `#/${path.map(encodeURIComponent).join("/")}`
}

export function go(address: string, { replace = false } = {}): void {
  if (replace) location.replace(address)
  else location.hash = address.slice(1)
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
