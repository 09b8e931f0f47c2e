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
  #version: number
  #nodes = new LendingMap<GraphNode>()
  #edges = new LendingMap<GraphEdge>()
  /** Which node has a natural key; made when it is first needed. */
  #keys: Map<string, string> | undefined
  /** Nodes that were removed, but not yet their edges: one look at all edges is enough for many nodes. */
  #gone = new Set<string>()
  #read: GraphState | undefined

  /** Begin with that of a snapshot. */
  constructor({ version, nodes, edges }: Graph) {
    this.#version = version
    for (const node of nodes) this.#nodes.own().set(node.id, node)
    for (const edge of edges) this.#edges.own().set(edge.id, edge)
  }

  /** How many nodes and edges there are. */
  get size(): number {
    return this.#nodes.map.size + this.#edges.map.size
  }

  /** Take in an update. What of it cannot apply is passed over. */
  apply(version: number, delta: readonly GraphOp[]): void {
    this.#version = Math.max(this.#version, version)
    this.#read = undefined
    for (const op of delta) this.#do(op)
    this.#sweep()
  }

  #do({ action, node, edge, id }: GraphOp): void {
    const [verb, kind] = action.split("_")
    if (verb === "clear") this.#clear()
    else if (verb !== "remove") {
      if (kind === "node" && node) this.#putNode(node)
      if (kind === "edge" && edge) this.#putEdge(edge)
    } else if (id != null) {
      if (kind === "node") this.#removeNode(id)
      else if (this.#edges.map.has(id)) this.#edges.own().delete(id)
    }
  }

  #putNode(node: GraphNode): void {
    const nodes = this.#nodes.own()
    const keys = this.#byKey()
    const known = nodes.get(node.id) ?? nodes.get(keys.get(natural(node)) ?? node.id)
    if (!known && nodes.size >= MOST_NODES) return
    const props = merged(known, node)
    const key = node.key ?? known?.key
    let put: GraphNode = { id: (known ?? node).id, label: node.label, ...(key === undefined ? {} : { key }), props }
    if (known) {
      if ((keys.get(natural(put)) ?? known.id) !== known.id) put = { ...known, props }
      keys.delete(natural(known))
    }
    nodes.set(put.id, put)
    if (put.key) keys.set(natural(put), put.id)
  }

  #byKey(): Map<string, string> {
    if (!this.#keys) {
      this.#keys = new Map()
      for (const node of this.#nodes.map.values()) if (node.key) this.#keys.set(natural(node), node.id)
    }
    return this.#keys
  }

  #removeNode(id: string): void {
    const node = this.#nodes.map.get(id)
    if (!node) return
    this.#nodes.own().delete(id)
    this.#keys?.delete(natural(node))
    this.#gone.add(id)
  }

  #sweep(): void {
    if (!this.#gone.size) return
    for (const { id, source, target } of this.#edges.map.values()) {
      if (this.#gone.has(source) || this.#gone.has(target)) this.#edges.own().delete(id)
    }
    this.#gone.clear()
  }

  #putEdge(edge: GraphEdge): void {
    this.#sweep()
    const known = this.#edges.map.get(edge.id)
    const hasEnds = this.#nodes.map.has(edge.source) && this.#nodes.map.has(edge.target)
    if (!hasEnds || (!known && this.#edges.map.size >= MOST_EDGES)) return
    this.#edges.own().set(edge.id, { ...edge, props: merged(known, edge) })
  }

  #clear(): void {
    this.#nodes = new LendingMap()
    this.#edges = new LendingMap()
    this.#keys = undefined
    this.#gone.clear()
  }

  read(): GraphState {
    return (this.#read ??= { version: this.#version, nodes: this.#nodes.lend(), edges: this.#edges.lend() })
  }

  fork(): GraphFold {
    const copy = new GraphFold(NO_GRAPH)
    copy.#version = this.#version
    copy.#nodes = this.#nodes.fork()
    copy.#edges = this.#edges.fork()
    return copy
  }
}

export const NO_GRAPH: Graph = { version: 0, nodes: [], edges: [] }

/** Label and key as one text. That of a node without a key is of no node. */
function natural({ label, key }: GraphNode): string {
  return key ? `${label.length} ${label}${key}` : ""
}

type Element = GraphNode | GraphEdge

function merged(known: Element | undefined, { props: given }: Element): Record<string, unknown> {
  const props: Record<string, unknown> = { ...known?.props, ...given }
  for (const name in given) if (given[name] === null) delete props[name]
  return props
}
