import type { GraphEdge, GraphNode, GraphState } from "@puntini/client"

/** What a name is made from. */
type Named = Pick<GraphNode, "id" | "label"> & Partial<GraphNode>

const LONGEST = 42

/** What a node is called: its name or title, else its key, else its label. */
export function nameOf(node: Named): string {
  const { name, title } = node.props ?? {}
  for (const each of [name, title, node.key]) if (typeof each === "string" && each.trim()) return each.trim()
  return node.label || node.id
}

/** A name that fits into a drawing: one line, cut where it is long. */
export function short(name: string, longest = LONGEST): string {
  const line = name.replace(/\s+/gu, " ")
  const letters = [...line.slice(0, longest * 2)]
  return letters.length > longest ? `${letters.slice(0, longest - 1).join("")}…` : line
}

/** An edge as a sentence: `Anna works on Launch`. */
export function sentenceOf(edge: Pick<GraphEdge, "label" | "source" | "target">, { nodes }: GraphState): string {
  const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)]
  return `${source ? nameOf(source) : edge.source} ${spoken(edge.label)} ${target ? nameOf(target) : edge.target}`
}

/** An edge's label as one says it: `WORKS_ON` is "works on". */
export function spoken(label: string): string {
  return /^[A-Z0-9_]+$/.test(label) ? label.toLowerCase().replaceAll("_", " ") : label
}

/** "1 node", "2 nodes". */
export function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? "" : "s"}`
}
