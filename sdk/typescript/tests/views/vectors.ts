import { readFileSync } from "node:fs"
import type { PuntiniEvent, SessionReady } from "../../src/protocol.js"
import type { Activity, SessionState } from "../../src/views/shapes.js"

/** What the server's views say of logs: see tests/views/vectors.py, which makes the file. */
export interface Vectors {
  bounds: Record<string, number>
  /** In a calm log nothing is taken back, and no piece of a message is missing. */
  logs: { seed: number; calm: boolean; events: PuntiniEvent[]; seen: Seen[] }[]
  /** `result` holds the patched document, or nothing where the patch fails. */
  patches: { document: unknown; patch: Record<string, unknown>[]; result: unknown[] }[]
}

export interface Seen {
  after: number
  ready: SessionReady
  work: Record<string, unknown>
}

const FILE = new URL("../../../../tests/views/vectors.json", import.meta.url)

export const vectors: Vectors = JSON.parse(readFileSync(FILE, "utf-8"))

/** JSON in which the order of names says nothing. */
export function plain(value: unknown): unknown {
  const sorted = (_: string, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each
  return JSON.stringify(value, sorted, 1)
}

/** A snapshot in the shape of a state, but for what no snapshot says. */
export function told({ data }: SessionReady): unknown {
  return {
    status: data.status,
    cursor: data.cursor,
    messages: data.messages.map((each) => ({ agent: "", task_id: "", partial: false, ...each })),
    graph: data.initial_graph,
    state: data.state,
    stateVersion: data.state_version,
    plan: data.plan,
    tasks: data.tasks.map((each) => ({ prompt: "", agent: "", attempt: 0, progress: null, started_at: "", ...each })),
    approvals: data.approvals,
    agents: data.agents,
  }
}

/** A state in the same shape. */
export function shown(state: SessionState): unknown {
  const { sessionId: _, ready: __, agent: ___, activities: ____, graph, ...rest } = state
  return {
    ...rest,
    graph: { version: graph.version, nodes: [...graph.nodes.values()], edges: [...graph.edges.values()] },
  }
}

/** An activity as the server's view of a task tells it. */
export function work(activity: Activity | undefined): unknown {
  const items = activity?.items ?? []
  const calls = items.filter((each) => each.kind === "tool")
  const { current_plan = [], last_reflection = "" } = activity?.plan ?? {}
  return {
    thoughts: items
      .filter((each) => each.kind === "reasoning")
      .map(({ steps, text }) => [...steps, text].filter(Boolean).join("\n"))
      .join("\n"),
    calls: calls.map(({ id, status }) => ({ call_id: id, status })),
    parameters: calls.map(({ parameters }) => parameters),
    steps: items.filter((each) => each.kind === "step").length,
    plan: { current_plan, last_reflection },
    decisions: items.filter((each) => each.kind === "approval").map(({ id, decision }) => [id, decision]),
    status: activity?.ended_at ? activity.status : "",
  }
}
