// A long session, for the benchmarks: what agents say, over a graph that stays at 2,000 nodes.
export const NODES = 2_000

/** A session as lines: tasks that think, call tools, draw and answer, over a graph of 2,000 nodes. */
export function* lines(count) {
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
  for (let number = 1; seq < count; number++) {
    const task = `tsk_${number}`
    yield line("user_prompt", task, { message_id: `ask_${number}`, prompt: "Go on with the plan.", user_id: "ada" })
    yield line("task_started", task, { status: "running" })
    let [thought, said] = [0, 0]
    for (let step = 0; step < 40 && seq < count; step++) {
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
