import type { Current } from "../session/current"

/** The session's graph, live. */
export function GraphPane({ current }: { current: Current }) {
  const { graph } = current.shown.value
  return <p class="soft">{`${graph.nodes.size} nodes, ${graph.edges.size} edges`}</p>
}
