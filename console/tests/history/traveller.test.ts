import { afterEach, expect, it, vi } from "vitest"
import type { SessionState } from "@puntini/client"
import { EventLog } from "../../src/history/log"
import { KeptEvents } from "../../src/history/kept"
import { Traveller } from "../../src/history/traveller"
import { prompt } from "./events"

afterEach(() => vi.unstubAllGlobals())

it("shows all that was said before, also what the log keeps no longer", async () => {
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw))
  vi.stubGlobal("cancelAnimationFrame", clearTimeout)
  const events = Array.from({ length: 200 }, (_, index) => prompt(index + 1))
  const log = new EventLog(
    {
      page: async () => ({ events, next: "e.200", live: true, ended: false }),
      cursor: () => "e.200",
    },
    new KeptEvents({ events: 50, bytes: Infinity }),
  )
  const shown: (SessionState | undefined)[] = []
  const traveller = new Traveller(log, (past) => shown.push(past?.state))
  await log.load()

  for (const id of ["e.180", "e.199", "e.165"]) {
    traveller.goTo(id)
    await vi.waitFor(() => expect(shown.at(-1)?.cursor).toBe(id))
    expect(shown.at(-1)?.messages.length).toBe(Number(id.slice(2)))
  }
  traveller.goTo("e.3")
  expect(traveller.lost.value).toBe(true)
  traveller.now()
  expect(shown.at(-1)).toBeUndefined()

  traveller.close()
  log.close()
})
