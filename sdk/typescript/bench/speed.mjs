// Events a second on one core, from the bytes of an event stream: `node bench/speed.mjs [events]` prints them as JSON.
// It counts the time that this process ran, garbage collection and all, so that a busy machine changes little.
import { build } from "esbuild"
import { createParser } from "eventsource-parser"
import { fileURLToPath } from "node:url"
import { lines, NODES } from "./log.mjs"

const EVENTS = Number(process.argv[2] ?? 100_000)
const CHUNK = 65_536
const READ_EACH = 100
const ROUNDS = 5

const source = `
export { SseParser } from "./stream/sse.js"
export { activities } from "./views/activities.js"
export { SessionView } from "./views/session.js"
export { Timeline } from "./views/timeline.js"
`
const resolveDir = fileURLToPath(new URL("../src", import.meta.url))
const made = await build({ stdin: { contents: source, resolveDir }, bundle: true, write: false, format: "esm" })
const { activities, SseParser, SessionView, Timeline } = await import(
  `data:text/javascript;base64,${btoa(made.outputFiles[0].text)}`
)

const log = [...lines(EVENTS)]
const blocks = log.map((line) => {
  const { id, type } = JSON.parse(line)
  return `id: ${id}\nevent: ${type}\ndata: ${line}\n\n`
})
const bytes = new TextEncoder().encode(blocks.join(""))

/** The events of the stream, each handed to `take` as an object, by our parser. */
function ours(take) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const parser = new SseParser()
  for (let at = 0; at < bytes.length; at += CHUNK) {
    const text = decoder.decode(bytes.subarray(at, at + CHUNK), { stream: true })
    for (const event of parser.push(text)) take(JSON.parse(event.data))
  }
}

/** The same by `eventsource-parser`, which many clients use. */
function theirs(take) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const parser = createParser({ onEvent: (event) => take(JSON.parse(event.data)) })
  for (let at = 0; at < bytes.length; at += CHUNK) {
    parser.feed(decoder.decode(bytes.subarray(at, at + CHUNK), { stream: true }))
  }
}

function folded() {
  const view = new SessionView({ activities })
  let seen = 0
  let count = 0
  ours((event) => {
    view.apply(event)
    if (++count % READ_EACH === 0) seen += view.state.messages.length
  })
  if (!seen || view.state.graph.nodes.size !== NODES) throw new Error("The fold lost something.")
  return count
}

function parsed(by) {
  let count = 0
  by(() => count++)
  return count
}

/** Milliseconds that this process has run. */
function ran() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function rates(work) {
  work() // once, for the compiler
  return Array.from({ length: ROUNDS }, () => {
    const began = ran()
    if (work() !== log.length) throw new Error("Not every event was found.")
    return (log.length / (ran() - began)) * 1000
  })
}

function seeks() {
  const events = log.slice(0, 20_000).map((line) => JSON.parse(line))
  const timeline = new Timeline()
  timeline.add(events)
  return Array.from({ length: 500 }, (_, at) => (at * 7919) % events.length).map((index) => {
    const began = ran()
    timeline.at(index)
    return ran() - began
  })
}

const results = {
  events: log.length,
  mebibytes: bytes.length / 2 ** 20,
  parsed: rates(() => parsed(ours)),
  rival: rates(() => parsed(theirs)),
  folded: rates(folded),
  seeks: seeks(),
}
console.log(JSON.stringify(results))
