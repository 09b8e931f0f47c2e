import type { GraphOp, PuntiniEvent } from "../protocol.js"
import type { MessageView, SessionState } from "./shapes.js"

/** Folds a session's events into what they amount to: `apply` each in order, read `state`. */
export class SessionView {
  #state: SessionState = {
    sessionId: "",
    status: "active",
    cursor: "",
    ready: false,
    agent: "",
    messages: [],
    graph: { version: 0, nodes: new Map(), edges: new Map() },
    state: null,
    stateVersion: 0,
    plan: null,
    tasks: [],
    approvals: [],
    agents: [],
    activities: new Map(),
  }

  get state(): SessionState {
    return this.#state
  }

  apply(event: PuntiniEvent): void {
    // Thin for now.
    const id = "id" in event && event.id ? { cursor: event.id, ready: true } : {}
    this.#state = { ...this.#state, ...id, ...this.#changed(event) }
  }

  #changed(event: PuntiniEvent): Partial<SessionState> {
    const state = this.#state
    switch (event.type) {
      case "session_ready": {
        const { initial_graph: graph, messages, tasks, ...rest } = event.data
        return {
          sessionId: rest.session_id,
          status: rest.status,
          cursor: rest.cursor,
          ready: true,
          agent: rest.agent,
          messages: messages.map((each) => ({ task_id: "", partial: false, ...each })),
          state: rest.state,
          tasks,
          graph: {
            version: graph.version,
            nodes: new Map(graph.nodes.map((each) => [each.id, each])),
            edges: new Map(graph.edges.map((each) => [each.id, each])),
          },
        }
      }
      case "user_prompt":
        return {
          messages: [
            ...state.messages,
            {
              id: event.data.message_id,
              role: "user",
              content: event.data.prompt,
              timestamp: event.timestamp,
              partial: false,
              task_id: event.task_id ?? "",
            },
          ],
        }
      case "assistant_response": {
        const { message_id: id, text, chunk, offset } = event.data
        const known = state.messages.find((each) => each.id === id)
        const content = chunk ? [...(known?.content ?? "")].slice(0, offset).join("") + text : text
        const message: MessageView = {
          id,
          role: "assistant",
          content,
          agent: event.agent ?? "",
          timestamp: event.timestamp,
          partial: chunk,
          task_id: event.task_id ?? "",
        }
        return {
          messages: known
            ? state.messages.map((each) => (each === known ? message : each))
            : [...state.messages, message],
        }
      }
      case "plan_update":
        return {
          plan: {
            current_plan: event.data.current_plan,
            last_reflection: event.data.last_reflection ?? "",
            task_id: event.task_id ?? "",
          },
        }
      case "graph_update":
        return { graph: drawn(state.graph, event.data.version, event.data.delta) }
      case "task_started":
        return {
          tasks: [
            ...state.tasks,
            { task_id: event.task_id ?? "", status: event.data.status, agent: event.agent ?? "" },
          ],
        }
      case "task_completed":
      case "task_failed":
      case "task_cancelled":
        return {
          tasks: state.tasks.filter((each) => each.task_id !== event.task_id),
          approvals: state.approvals.filter((each) => each.task_id !== event.task_id),
        }
      case "approval_request":
        return {
          approvals: [...state.approvals, { ...event.data, task_id: event.task_id ?? "", agent: event.agent ?? "" }],
        }
      case "approval_resolved":
        return { approvals: state.approvals.filter((each) => each.approval_id !== event.data.approval_id) }
      case "session_closed":
        return { status: "closed" }
      default:
        return {}
    }
  }
}

function drawn(graph: SessionState["graph"], version: number, delta: readonly GraphOp[]): SessionState["graph"] {
  const nodes = new Map(graph.nodes)
  const edges = new Map(graph.edges)
  for (const op of delta) {
    if (op.action === "clear") (nodes.clear(), edges.clear())
    else if (op.node)
      nodes.set(op.node.id, {
        ...nodes.get(op.node.id),
        ...op.node,
        props: { ...nodes.get(op.node.id)?.props, ...op.node.props },
      })
    else if (op.edge) edges.set(op.edge.id, { ...edges.get(op.edge.id), ...op.edge })
    else if (op.id) (nodes.delete(op.id), edges.delete(op.id))
  }
  return { version, nodes, edges }
}
