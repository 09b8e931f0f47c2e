// How many events are parsed and folded in a second of one core: `node bench/fold.mjs [events]`. It counts the time that
// this process ran, garbage collection and all, so that a busy machine does not change the result much.
import { build } from "esbuild"
import { fileURLToPath } from "node:url"

const EVENTS = Number(process.argv[2] ?? 200_000)
const NODES = 2_000
const READ_EACH = 100
const ROUNDS = 5

const source = `
export { activities } from "./activities.js"
export { SessionView } from "./session.js"
export { Timeline } from "./timeline.js"
`
const resolveDir = fileURLToPath(new URL("../src/views", import.meta.url))
const made = await build({ stdin: { contents: source, resolveDir }, bundle: true, write: false, format: "esm" })
const { activities, SessionView, Timeline } = await import(`data:text/javascript;base64,${btoa(made.outputFiles[0].text)}`)

/** A session as lines: tasks that think, call tools, draw and answer, over a graph of 2,000 nodes. */
function* lines() {
  let seq = 0
  let version = 0
  const line = (type, task, data) => {
    const id = `k3x9ab.${++seq}`
    const timestamp = "2026-11-21T10:00:00.123Z"
    return JSON.stringify({
      type,
      id,
      session_id: "ses_1",
      task_id: task,
      attempt: 1,
      agent: "puntini",
      timestamp,
      data,
    })
  }
  const node = (at) => ({ id: `nod_${at}`, label: "Task", key: `k${at}`, props: { title: `Step ${at}`, done: false } })
  const delta = Array.from({ length: NODES }, (_, at) => ({ action: "add_node", node: node(at) }))
  yield line("graph_update", "", { version: ++version, delta, author: "puntini" })
  for (let number = 1; seq < EVENTS; number++) {
    const task = `tsk_${number}`
    yield line("user_prompt", task, { message_id: `ask_${number}`, prompt: "Go on with the plan.", user_id: "ada" })
    yield line("task_started", task, { status: "running" })
    let [thought, said] = [0, 0]
    for (let step = 0; step < 40 && seq < EVENTS; step++) {
      for (let piece = 0; piece < 8; piece++, thought += 12) {
        const text = "thinking of "
        yield line("reasoning", task, { text, message_id: `tho_${number}`, chunk: true, offset: thought })
      }
      const call = { call_id: `cal_${number}_${step}`, tool_name: "add_nodes" }
      yield line("tool_call", task, { ...call, status: "started", parameters: { query: `step ${step}` } })
      const changed = { ...node((number * 40 + step) % NODES), props: { done: true, note: `by ${task}` } }
      const edge = {
        id: `edg_${(number * 40 + step) % (2 * NODES)}`,
        label: "NEXT",
        source: `nod_${step}`,
        target: `nod_${step + 1}`,
        props: {},
      }
      const ops = [
        { action: "update_node", node: changed },
        { action: "add_edge", edge },
      ]
      yield line("graph_update", task, { version: ++version, delta: ops, author: "puntini" })
      yield line("tool_call", task, {
        ...call,
        status: "succeeded",
        parameters: {},
        result: { found: 3 },
        duration_seconds: 0.1,
      })
      yield line("task_progress", task, { status: "running", progress: step / 40 })
      for (let piece = 0; piece < 8; piece++, said += 12) {
        yield line("assistant_response", task, {
          message_id: `msg_${number}`,
          text: "and then I… ",
          chunk: true,
          offset: said,
        })
      }
    }
    const text = "and then I… ".repeat(said / 12)
    yield line("assistant_response", task, { message_id: `msg_${number}`, text, chunk: false, offset: 0 })
    yield line("task_completed", task, {
      duration_seconds: 1,
      usage: { input_tokens: 1, output_tokens: 1 },
      final_answer: text,
    })
  }
}

const log = [...lines()]
const bytes = log.reduce((sum, line) => sum + line.length, 0)
console.log(
  `${log.length} events, ${(bytes / 2 ** 20).toFixed(1)} MiB, ${NODES} nodes, state read every ${READ_EACH} events`,
)

/** Milliseconds that this process has run. */
function ran() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

let best = 0
for (let round = 0; round < ROUNDS; round++) {
  const view = new SessionView({ activities })
  const began = ran()
  let seen = 0
  log.forEach((line, at) => {
    view.apply(JSON.parse(line))
    if (at % READ_EACH === 0) seen += view.state.messages.length
  })
  best = Math.max(best, (log.length / (ran() - began)) * 1000)
  if (!seen || view.state.graph.nodes.size !== NODES) throw new Error("the fold lost something")
}
console.log(`parsed and folded: ${Math.round(best)} events/s (the best of ${ROUNDS})`)

const events = log.slice(0, 20_000).map((line) => JSON.parse(line))
const timeline = new Timeline()
const began = ran()
timeline.add(events)
console.log(`timeline of ${events.length} events: made in ${(ran() - began).toFixed(0)} ms`)
const seeks = Array.from({ length: 500 }, (_, at) => (at * 7919) % events.length).map((index) => {
  const began = ran()
  timeline.at(index)
  return ran() - began
})
seeks.sort((one, other) => one - other)
const [middle, worst] = [seeks[250], seeks.at(-1)]
console.log(`seeks: ${middle.toFixed(2)} ms (median), ${worst.toFixed(2)} ms (worst of ${seeks.length})`)
