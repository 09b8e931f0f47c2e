import type { GraphOp, PuntiniEvent, SessionReadyData } from "../../src/protocol.js"

type Type = PuntiniEvent["type"]
type Data<T extends Type> = Extract<PuntiniEvent, { type: T }>["data"]

/** Says events one after the other, as the log would give them ids; `task` is whose they are. */
export class Log {
  #seq: number

  constructor(after = 0) {
    this.#seq = after
  }

  get seq(): number {
    return this.#seq
  }

  say<T extends Type>(type: T, data: Data<T>, task = "t1"): PuntiniEvent {
    const id = `e.${++this.#seq}`
    const envelope = { type, id, session_id: "s", task_id: task, attempt: 1, agent: "dot", timestamp: "10:00", data }
    return JSON.parse(JSON.stringify(envelope))
  }

  started(task = "t1"): PuntiniEvent {
    return this.say("task_started", { status: "running" }, task)
  }

  ended(task = "t1"): PuntiniEvent {
    const usage = { input_tokens: 1, output_tokens: 2 }
    return this.say("task_completed", { duration_seconds: 1, usage, final_answer: "Done." }, task)
  }

  asked(id: string, prompt = "?", task = "t1"): PuntiniEvent {
    return this.say("user_prompt", { message_id: id, prompt, user_id: "ada" }, task)
  }

  piece(id: string, text: string, offset = 0, task = "t1"): PuntiniEvent {
    return this.say("assistant_response", { message_id: id, text, chunk: true, offset }, task)
  }

  thought(text: string, offset = 0, task = "t1"): PuntiniEvent {
    return this.say("reasoning", { text, chunk: true, offset }, task)
  }

  drawn(...delta: GraphOp[]): PuntiniEvent {
    return this.say("graph_update", { version: this.#seq + 1, delta, author: "dot" })
  }

  retracted(first: number, last: number, task = "t1"): PuntiniEvent {
    return this.say("task_retracted", { attempt: 1, from_id: `e.${first}`, to_id: `e.${last}` }, task)
  }
}

export function ready(cursor: string, more: Partial<SessionReadyData> = {}): PuntiniEvent {
  const initial_graph = { version: 0, nodes: [], edges: [] }
  const empty = { session_id: "s", status: "active", agent: "dot", initial_graph, messages: [], state: null, tasks: [] }
  return JSON.parse(JSON.stringify({ type: "session_ready", data: { ...empty, cursor, ...more } }))
}

export function node(id: string): GraphOp {
  return { action: "add_node", node: { id, label: "Thing", props: {} } }
}
