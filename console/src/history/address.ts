import { effect, untracked } from "@preact/signals"
import { go, route } from "../route"
import type { EventLog } from "./log"
import type { Traveller } from "./traveller"

/** How long one stays at a point before the address says so (milliseconds). */
const STAY = 300

/** Keep the point in time in the address, as `?at=<id>`, and go where it says. Returns how to stop. */
export function keepInAddress(log: EventLog, traveller: Traveller): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let written = ""
  let seeking = false
  const seek = async (id: string) => {
    seeking = true
    await log.load()
    seeking = false
    if (id === written) traveller.goTo(id)
  }
  const read = effect(() => {
    const wanted = route.value.query.get("at") ?? ""
    if (wanted === written) return
    written = wanted
    untracked(() => (wanted ? void seek(wanted) : traveller.now()))
  })
  const write = effect(() => {
    const at = traveller.event?.id ?? ""
    clearTimeout(timer)
    if (at === written || seeking) return
    timer = setTimeout(() => {
      written = at
      go(addressAt(at), { replace: true })
    }, STAY)
  })
  return () => {
    clearTimeout(timer)
    read()
    write()
  }
}

/** This page's address at a point in time; of the present where `at` is empty. */
export function addressAt(at: string): string {
  const { path, query } = route.peek()
  const next = new URLSearchParams(query)
  if (at) next.set("at", at)
  else next.delete("at")
  const search = next.toString()
  return `#/${path.map(encodeURIComponent).join("/")}${search && `?${search}`}`
}
