import type { Graph, GraphEdge, GraphNode, GraphOp } from "../protocol.js"
import { LendingMap } from "./lending.js"
import type { GraphState } from "./shapes.js"

/** Beyond these nothing is added, as on the server. Its bound on bytes is not kept here: it counts as it encodes. */
export const MOST_NODES = 100_000
export const MOST_EDGES = 200_000

/**
 * The property graph. Adding and updating are one thing: what is there is merged with what is given. A node is known by
 * its id, else by its natural key (label and key), and keeps its id. `version` is the highest seen.
 */
export class GraphFold {
  #version = 0
  #nodes = new LendingMap<GraphNode>()
  #edges = new LendingMap<GraphEdge>()
  #read: GraphState | undefined
  // Made when they are first needed: the id of the node with a natural key, and the edges that touch a node.
  #keys: Map<string, string> | undefined
  #ties: Map<string, Set<string>> | undefined

  /** How many nodes and edges there are. */
  get size(): number {
    return this.#nodes.map.size + this.#edges.map.size
  }

  /** What a snapshot shows. */
  load({ version, nodes, edges }: Graph): void {
    this.#version = version
    for (const node of nodes) this.#nodes.own().set(node.id, { ...node, props: node.props ?? {} })
    for (const edge of edges) this.#edges.own().set(edge.id, { ...edge, props: edge.props ?? {} })
  }

  /** Take in an update. What of it cannot apply is passed over. */
  apply(version: number, delta: readonly GraphOp[]): void {
    this.#version = Math.max(this.#version, version)
    this.#read = undefined
    for (const op of delta) this.#do(op)
  }

  #do({ action, node, edge, id }: GraphOp): void {
    if (action === "clear") this.#clear()
    else if (action === "remove_node") id != null && this.#removeNode(id)
    else if (action === "remove_edge") id != null && this.#removeEdge(id)
    else if (action.endsWith("node")) node && this.#putNode(node)
    else edge && this.#putEdge(edge)
  }

  #putNode(node: GraphNode): void {
    const nodes = this.#nodes.own()
    const keys = this.#byKey()
    const known = nodes.get(node.id) ?? nodes.get(keys.get(natural(node)) ?? node.id)
    if (!known && nodes.size >= MOST_NODES) return
    const props = merged(known?.props, node.props)
    const key = node.key ?? known?.key
    let put: GraphNode = { id: known?.id ?? node.id, label: node.label, ...(key === undefined ? {} : { key }), props }
    if (known) {
      if ((keys.get(natural(put)) ?? known.id) !== known.id) put = { ...known, props }
      keys.delete(natural(known))
    }
    nodes.set(put.id, put)
    if (put.key) keys.set(natural(put), put.id)
  }

  #byKey(): Map<string, string> {
    if (this.#keys) return this.#keys
    this.#keys = new Map()
    for (const node of this.#nodes.map.values()) if (node.key) this.#keys.set(natural(node), node.id)
    return this.#keys
  }

  #removeNode(id: string): void {
    const node = this.#nodes.map.get(id)
    if (!node) return
    this.#nodes.own().delete(id)
    this.#keys?.delete(natural(node))
    for (const edge of this.#byEnd().get(id) ?? []) this.#removeEdge(edge)
  }

  #putEdge(edge: GraphEdge): void {
    const { id, label, source, target } = edge
    if (!this.#nodes.map.has(source) || !this.#nodes.map.has(target)) return
    const known = this.#edges.map.get(id)
    if (!known && this.#edges.map.size >= MOST_EDGES) return
    if (known && this.#ties) untie(this.#ties, known)
    const put = { id, label, source, target, props: merged(known?.props, edge.props) }
    this.#edges.own().set(id, put)
    if (this.#ties) tie(this.#ties, put)
  }

  #byEnd(): Map<string, Set<string>> {
    if (this.#ties) return this.#ties
    this.#ties = new Map()
    for (const edge of this.#edges.map.values()) tie(this.#ties, edge)
    return this.#ties
  }

  #removeEdge(id: string): void {
    const edge = this.#edges.map.get(id)
    if (!edge) return
    this.#edges.own().delete(id)
    if (this.#ties) untie(this.#ties, edge)
  }

  #clear(): void {
    this.#nodes = new LendingMap()
    this.#edges = new LendingMap()
    this.#keys = this.#ties = undefined
  }

  read(): GraphState {
    return (this.#read ??= { version: this.#version, nodes: this.#nodes.lend(), edges: this.#edges.lend() })
  }

  fork(): GraphFold {
    const copy = new GraphFold()
    copy.#version = this.#version
    copy.#nodes = this.#nodes.fork()
    copy.#edges = this.#edges.fork()
    copy.#read = this.#read
    return copy
  }
}

/** Label and key as one text. That of a node without a key is of no node. */
function natural({ label, key }: GraphNode): string {
  return key ? `${label.length} ${label}${key}` : ""
}

function merged(known: GraphNode["props"], given: GraphNode["props"] = {}): Record<string, unknown> {
  const props = { ...known, ...given }
  for (const name of Object.keys(given)) if (given[name] === null) delete props[name]
  return props
}

function tie(ties: Map<string, Set<string>>, { id, source, target }: GraphEdge): void {
  for (const end of [source, target]) {
    const tied = ties.get(end)
    if (tied) tied.add(id)
    else ties.set(end, new Set([id]))
  }
}

function untie(ties: Map<string, Set<string>>, { id, source, target }: GraphEdge): void {
  for (const end of [source, target]) ties.get(end)?.delete(id)
}
