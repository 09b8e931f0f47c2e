import type { GraphEdge, GraphNode, GraphOp, GraphState } from "@puntini/client"

/** The operations that take `delta` back, given the graph before it. */
export function inverse(delta: readonly GraphOp[], before: GraphState): GraphOp[] {
  return delta.toReversed().flatMap((op) => undone(op, before))
}

function undone(op: GraphOp, before: GraphState): GraphOp[] {
  if (op.node) {
    const was = before.nodes.get(op.node.id)
    if (!was) return [{ action: "remove_node", id: op.node.id }]
    const key = op.node.key === undefined ? {} : { key: was.key ?? "" }
    return [{ action: "update_node", node: { id: was.id, label: was.label, ...key, props: props(was, op.node) } }]
  }
  if (op.edge) {
    const was = before.edges.get(op.edge.id)
    if (!was) return [{ action: "remove_edge", id: op.edge.id }]
    return [{ action: "update_edge", edge: { ...was, props: props(was, op.edge) } }]
  }
  if (op.action === "remove_edge") return again(before.edges.get(op.id ?? ""))
  const node = before.nodes.get(op.id ?? "")
  if (!node) return []
  const ties = [...before.edges.values()].filter(({ source, target }) => source === node.id || target === node.id)
  return [{ action: "add_node", node }, ...ties.flatMap(again)]
}

function again(edge: GraphEdge | undefined): GraphOp[] {
  return edge ? [{ action: "add_edge", edge }] : []
}

/** The properties that an operation changes, as they were; null for one that was not there. */
function props(was: GraphNode | GraphEdge, op: GraphNode | GraphEdge): Record<string, unknown> {
  return Object.fromEntries(Object.keys(op.props ?? {}).map((name) => [name, was.props?.[name] ?? null]))
}
