import type { SessionReady, SessionState } from "@puntini/client"

/** A snapshot that says what a session amounted to: a timeline can begin with it in the place of what came before. */
export function snapshotOf(state: SessionState): SessionReady {
  const { graph } = state
  return {
    type: "session_ready",
    session_id: state.sessionId,
    data: {
      session_id: state.sessionId,
      status: state.status,
      cursor: state.cursor,
      agent: state.agent,
      initial_graph: { version: graph.version, nodes: [...graph.nodes.values()], edges: [...graph.edges.values()] },
      messages: [...state.messages],
      state: state.state,
      state_version: state.stateVersion,
      tasks: [...state.tasks],
      plan: state.plan && { ...state.plan, current_plan: [...state.plan.current_plan] },
      approvals: state.approvals.map((each) => ({
        ...each,
        tool_name: each.tool_name ?? "",
        parameters: each.parameters ?? {},
        response_schema: each.response_schema ?? null,
        expires_at: each.expires_at ?? "",
      })),
      agents: [...state.agents],
    },
  }
}
