import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type { Graph, GraphNode } from "../protocol.js"
import type { GraphPath, ImportedGraph, Neighbourhood, NewGraph } from "../resources.js"

const GRAPHML = "application/graphml+xml"

/** What nodes to find; all that is given must hold, and letters' case does not count. */
export interface NodeQuery extends PageOptions {
  label?: string | undefined
  text?: string | undefined
  property?: string | undefined
  value?: string | undefined
}

export const graphs = (calls: Calls) => ({
  /** The graph now, or as it was after the event `at`. */
  get: (id: string, options?: CallOptions & { at?: string }) =>
    calls.get<Graph>(path`/v1/sessions/${id}/graph`, options),

  /** The same as GraphML, for other programs. */
  graphml: (id: string, { signal, at }: CallOptions & { at?: string } = {}) =>
    calls.http.ask(path`/v1/sessions/${id}/graph`, { query: { at }, headers: { accept: GRAPHML }, signal }, (answer) =>
      answer.text(),
    ),

  /** Bring in a graph, or the text of a GraphML file: merged, or with `mode: "replace"` in the place of what is there. */
  import: (id: string, graph: NewGraph | string, options?: KeyedOptions & { mode?: "merge" | "replace" }) =>
    calls.post<ImportedGraph>(
      path`/v1/sessions/${id}/graph`,
      graph,
      options,
      typeof graph === "string" ? { headers: { "content-type": GRAPHML } } : {},
    ),

  /** Nodes that match, the best first. */
  query: (id: string, options: Omit<NodeQuery, "offset">) =>
    calls.get<{ items: GraphNode[]; total: number }>(path`/v1/sessions/${id}/graph/query`, options),

  /** What is near a node, which is named by its id, its key or `Label:key`. */
  neighbourhood: (id: string, node: string, options?: CallOptions & { depth?: number; limit?: number }) =>
    calls.get<Neighbourhood>(path`/v1/sessions/${id}/graph/neighbourhood`, { node, ...options }),

  /** A shortest path between two nodes; without nodes when there is none. */
  path: (id: string, from: string, to: string, options?: CallOptions) =>
    calls.get<GraphPath>(path`/v1/sessions/${id}/graph/path`, { from, to, ...options }),
})
