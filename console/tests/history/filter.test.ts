import { execFileSync } from "node:child_process"
import { expect, it } from "vitest"
import { curlLine, tailLine } from "../../src/history/commands"
import { admits, ALL } from "../../src/history/filter"
import { debug, prompt, thought } from "./events"

it("shows only what is asked for", () => {
  const events = [prompt(1, "Draw a Cat"), thought(2, "a cat?"), debug(3, "info"), debug(4, "error")]
  const shown = (part: Partial<typeof ALL>) =>
    events.filter((event) => admits({ ...ALL, ...part }, event)).map(({ id }) => id)

  expect(shown({})).toEqual(["e.1", "e.2", "e.3", "e.4"])
  expect(shown({ types: new Set(["reasoning", "debug"]) })).toEqual(["e.2", "e.3", "e.4"])
  expect(shown({ text: "CAT" })).toEqual(["e.1", "e.2"])
  expect(shown({ level: "warning" })).toEqual(["e.1", "e.2", "e.4"])
  expect(shown({ task: "tsk_2" })).toEqual([])
})

const followed = { origin: "http://localhost:8000", session: "ses_1", filter: ALL, open: true }

it("gives a line for curl, with a key only where one is needed", () => {
  expect(curlLine(followed)).toBe("curl -N 'http://localhost:8000/v1/sessions/ses_1/stream?after=earliest'")
  expect(curlLine({ ...followed, open: false })).toContain('-H "X-API-Key: $PUNTINI_API_KEY"')
})

it("carries the filter over to the command line", () => {
  const filter = { ...ALL, types: new Set(["reasoning", "debug"]), level: "info" as const }

  expect(curlLine({ ...followed, filter })).toContain("?after=earliest&events=reasoning,debug&level=info'")
  expect(curlLine({ ...followed, filter: { ...ALL, task: "tsk_1" } })).toContain("/v1/tasks/tsk_1/stream?")
  expect(tailLine({ ...followed, filter })).toContain("--events reasoning,debug --level info")
})

it("quotes what was typed, so that a shell runs none of it", () => {
  const text = "it's $(echo run) `echo run` \\"
  const line = curlLine({ ...followed, filter: { ...ALL, text } })
  const grep = line.slice(line.indexOf("grep")).replace("grep --line-buffered -iF -e", "printf %s")

  expect(execFileSync("/bin/sh", ["-c", grep], { encoding: "utf8" })).toBe(text)
})
