import type { GraphEdge, GraphNode } from "@puntini/client"
import { nameOf } from "./naming"

const texts = new WeakMap<object, string>()

/** All that can be searched for in an element, in small letters. It is put together once. */
function textOf(element: GraphNode | GraphEdge): string {
  let text = texts.get(element)
  if (text === undefined) {
    const key = "key" in element ? (element.key ?? "") : ""
    text = [element.label, key, JSON.stringify(element.props ?? {}), element.id].join("\n").toLowerCase()
    texts.set(element, text)
  }
  return text
}

/** Whether each word of `query` is somewhere in an element. */
export function matches(element: GraphNode | GraphEdge, query: string): boolean {
  const text = textOf(element)
  return words(query).every((word) => text.includes(word))
}

/** The nodes that hold each word of `query`, those first whose name is or begins with it; at most `limit`. */
export function find(nodes: Iterable<GraphNode>, query: string, limit: number): GraphNode[] {
  if (!words(query).length) return []
  const wanted = query.trim().toLowerCase()
  const ranks: GraphNode[][] = [[], [], [], []]
  for (const node of nodes) if (matches(node, query)) ranks[rank(node, wanted)]?.push(node)
  return ranks.flat().slice(0, limit)
}

function rank(node: GraphNode, wanted: string): number {
  const name = nameOf(node).toLowerCase()
  if (name === wanted || node.key?.toLowerCase() === wanted) return 0
  if (name.startsWith(wanted)) return 1
  return name.includes(wanted) ? 2 : 3
}

function words(query: string): string[] {
  return query.toLowerCase().split(/\s+/).filter(Boolean)
}
