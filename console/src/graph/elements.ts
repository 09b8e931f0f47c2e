import type { Core, EdgeSingular, ElementDefinition, NodeSingular } from "cytoscape"
import type { GraphEdge, GraphNode, GraphState } from "@puntini/client"
import { alike, difference, MOST_EDGES, MOST_NODES } from "./difference"
import type { Forces } from "./forces"
import type { Hues } from "./hues"
import type { Places } from "./memory"
import { lively } from "./look"
import { nameOf, short, spoken } from "./naming"

/** At most so many elements come into the drawing, and so many go, in one frame, so that the page never stands still. */
const AT_ONCE = 100
/** While nothing is drawn yet there is nothing to hold up, and more may come. */
const AT_FIRST = 250
const GONE_AT_ONCE = 500
/** Of more than so many that change together none is animated. */
const SHOWY = 60
/** Beyond so many edges they are drawn straight and without arrows, which is several times quicker. */
const MANY_EDGES = 1500
const GLOW = 1400
const FADE = 260

export const nodeRef = (id: string) => `n:${id}`
export const edgeRef = (id: string) => `e:${id}`

/** Keeps what is drawn in step with a graph, a bounded piece a frame. */
export class Elements {
  readonly #cy: Core
  readonly #forces: Forces
  readonly #places: Places
  readonly #hues: Hues
  readonly #nodes = new Map<string, GraphNode>()
  readonly #edges = new Map<string, GraphEdge>()
  readonly #degrees = new Map<string, number>()
  readonly #grown = new Set<string>()
  readonly #timers = new Set<ReturnType<typeof setTimeout>>()
  #begun = false
  #many = false

  constructor(cy: Core, forces: Forces, places: Places, hues: Hues) {
    this.#cy = cy
    this.#forces = forces
    this.#places = places
    this.#hues = hues
  }

  /** Bring the drawing nearer to `graph`. Returns whether there is more to do. */
  step(graph: GraphState): boolean {
    const nodes = difference(this.#nodes, graph.nodes, MOST_NODES)
    const edges = difference(this.#edges, graph.edges, MOST_EDGES)
    const most = this.#begun ? AT_ONCE : AT_FIRST
    const someNodes = nodes.added.slice(0, most)
    const drawable = edges.added.filter((each) => this.#has(each, someNodes))
    const someEdges = nodes.added.length > most ? [] : drawable.slice(0, most - someNodes.length)
    // A node's edges go before it, for what is drawn has to be what is known to be drawn.
    const goneEdges = edges.removed.slice(0, GONE_AT_ONCE)
    const goneNodes = edges.removed.length > GONE_AT_ONCE ? [] : nodes.removed.slice(0, GONE_AT_ONCE)
    const changes = someNodes.length + nodes.removed.length + nodes.changed.length
    const showy = this.#begun && lively() && changes <= SHOWY
    this.#cy.batch(() => {
      this.#removeEdges(goneEdges, showy)
      this.#removeNodes(goneNodes, showy)
      this.#addNodes(someNodes, graph, showy)
      this.#addEdges(someEdges, showy)
      for (const each of nodes.changed) this.#changeNode(each, showy)
      for (const each of edges.changed) this.#changeEdge(each)
      this.#size()
      this.#thin()
    })
    const left = nodes.added.length - someNodes.length + drawable.length - someEdges.length
    const more = left + nodes.removed.length - goneNodes.length + edges.removed.length - goneEdges.length > 0
    if (!more) this.#begun = true
    return more
  }

  destroy(): void {
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #has(edge: GraphEdge, fresh: readonly GraphNode[]): boolean {
    const there = (id: string) => this.#nodes.has(id) || fresh.some((each) => each.id === id)
    return there(edge.source) && there(edge.target)
  }

  #addNodes(nodes: readonly GraphNode[], graph: GraphState, showy: boolean): void {
    if (!nodes.length) return
    const near = neighbours(nodes, graph)
    // One that comes by itself finds a place among the others, which stay.
    const alone = this.#begun && nodes.length === 1
    const made: ElementDefinition[] = nodes.map((node) => {
      this.#nodes.set(node.id, node)
      this.#gone(nodeRef(node.id))
      const place = this.#places.get(node.id)
      const at = place && { x: place[0], y: place[1] }
      const body = this.#forces.add(node.id, near.get(node.id) ?? [], at, alone)
      return {
        group: "nodes",
        data: { ...this.#data(node), size: sized(0) },
        position: { x: body.x, y: body.y },
        classes: [this.#hue(node), showy ? "lively entering fresh" : ""].join(" "),
      }
    })
    const added = this.#cy.add(made)
    if (showy) this.#glow(() => added, "entering", "fresh")
  }

  #addEdges(edges: readonly GraphEdge[], showy: boolean): void {
    if (!edges.length) return
    const made: ElementDefinition[] = edges.map((edge) => {
      this.#edges.set(edge.id, edge)
      this.#gone(edgeRef(edge.id))
      this.#tie(edge, 1)
      return {
        group: "edges",
        data: edgeData(edge),
        classes: [this.#many ? "many" : "", showy ? "lively entering" : ""].join(" "),
      }
    })
    const added = this.#cy.add(made)
    if (showy) this.#glow(() => added, "entering", "fresh")
  }

  #changeNode(node: GraphNode, showy: boolean): void {
    const before = this.#nodes.get(node.id)
    this.#nodes.set(node.id, node)
    if (!before || alike(before, node)) return
    const drawn = this.#cy.getElementById(nodeRef(node.id))
    drawn.data(this.#data(node))
    if (before.label !== node.label) drawn.removeClass(this.#hue(before)).addClass(this.#hue(node))
    if (!showy) return
    drawn.addClass("lively touched")
    this.#glow(() => drawn, "", "touched")
  }

  #changeEdge(edge: GraphEdge): void {
    const before = this.#edges.get(edge.id)
    this.#edges.set(edge.id, edge)
    if (!before || alike(before, edge)) return
    const drawn = this.#cy.getElementById(edgeRef(edge.id))
    if (before.source !== edge.source || before.target !== edge.target) {
      this.#tie(before, -1)
      this.#tie(edge, 1)
      drawn.move({ source: nodeRef(edge.source), target: nodeRef(edge.target) })
    }
    this.#cy.getElementById(edgeRef(edge.id)).data("name", edgeData(edge)["name"])
  }

  #removeEdges(ids: readonly string[], showy: boolean): void {
    for (const id of ids) {
      const edge = this.#edges.get(id)
      this.#edges.delete(id)
      if (edge) this.#tie(edge, -1)
    }
    this.#remove(ids.map(edgeRef), showy)
  }

  #removeNodes(ids: readonly string[], showy: boolean): void {
    for (const id of ids) {
      this.#nodes.delete(id)
      this.#degrees.delete(id)
      this.#forces.remove(id)
    }
    this.#remove(ids.map(nodeRef), showy)
  }

  #remove(refs: readonly string[], showy: boolean): void {
    const drawn = this.#cy.collection()
    for (const ref of refs) drawn.merge(this.#cy.getElementById(ref))
    if (!showy) return void drawn.remove()
    drawn.addClass("leaving").unselect().unselectify()
    drawn.animate({ style: { opacity: 0 }, duration: FADE, complete: () => void drawn.remove() })
  }

  /** What still fades away makes room for what comes by its name. */
  #gone(ref: string): void {
    const drawn = this.#cy.getElementById(ref)
    if (drawn.nonempty()) drawn.stop(true).remove()
  }

  #glow(drawn: () => { removeClass(names: string): unknown }, first: string, then: string): void {
    const names = [
      [30, first],
      [GLOW, then],
      [GLOW + 600, "lively"],
    ] as const
    for (const [after, name] of names) {
      if (!name) continue
      const timer = setTimeout(() => {
        this.#timers.delete(timer)
        drawn().removeClass(name)
      }, after)
      this.#timers.add(timer)
    }
  }

  #tie(edge: GraphEdge, change: 1 | -1): void {
    if (change > 0) this.#forces.tie(edge.source, edge.target, this.#begun || !this.#places.has(edge.source))
    else this.#forces.untie(edge.source, edge.target)
    for (const end of new Set([edge.source, edge.target])) {
      this.#degrees.set(end, (this.#degrees.get(end) ?? 0) + change)
      this.#grown.add(end)
    }
  }

  /** Once a step, for each data that is set costs a new style. */
  #size(): void {
    for (const id of this.#grown) {
      const drawn = this.#cy.getElementById(nodeRef(id))
      const size = sized(this.#degrees.get(id) ?? 0)
      if (drawn.nonempty() && drawn.data("size") !== size) drawn.data("size", size)
    }
    this.#grown.clear()
  }

  #thin(): void {
    const many = this.#edges.size > MANY_EDGES
    if (many === this.#many) return
    this.#many = many
    this.#cy.edges().toggleClass("many", many)
  }

  #data(node: GraphNode): Record<string, string> {
    return { id: nodeRef(node.id), name: short(nameOf(node)) }
  }

  #hue(node: GraphNode): string {
    return `hue-${this.#hues.of(node.label)}`
  }
}

/** The id of what is drawn, as the graph has it. */
export function idOf(drawn: NodeSingular | EdgeSingular): string {
  return drawn.id().slice(2)
}

function edgeData(edge: GraphEdge) {
  const [source, target] = [nodeRef(edge.source), nodeRef(edge.target)]
  return { id: edgeRef(edge.id), name: short(spoken(edge.label), 28), source, target }
}

function sized(degree: number): number {
  return Math.round(18 + Math.min(24, 4 * Math.sqrt(degree)))
}

/** Whom each of `nodes` is tied to. */
function neighbours(nodes: readonly GraphNode[], graph: GraphState): Map<string, string[]> {
  const found = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  for (const { source, target } of graph.edges.values()) {
    found.get(source)?.push(target)
    found.get(target)?.push(source)
  }
  return found
}
