import cytoscape, { type Core } from "cytoscape"
import type { GraphState } from "@puntini/client"
import { Elements, edgeRef, idOf, nodeRef } from "./elements"
import { Forces } from "./forces"
import type { Hues } from "./hues"
import { groundColor, lively, look, onTheme } from "./look"
import type { Places } from "./memory"

export type Chosen = { readonly kind: "node" | "edge"; readonly id: string }

export interface DrawingOptions {
  readonly container: HTMLElement
  /** Where nodes were. It is kept up to date. */
  readonly places: Places
  readonly hues: Hues
  /** Somebody pointed at an element, or at none. */
  readonly onChoose: (chosen: Chosen | null) => void
}

/** Room around what is brought into view; above it are the labels. */
const PADDING = 40
const ABOVE = 60
const CLOSEST = 1.3
/** Time for moving nodes, in milliseconds a frame. */
const BUDGET = 8
/** With more than so many nodes the moves are not shown as they happen, but once a pause (in milliseconds) and at their end. */
const HEAVY = 600
const HEAVY_PAUSE = 1500
/** And none while somebody moves the view, and so long after it. */
const LOOKING = 400
/** A picture's longer side has at most so many pixels. */
const PICTURE = 8000

/** The graph on a canvas. `show` it as often as you like: it is drawn once a frame, what is new first. */
export class Drawing {
  readonly #cy: Core
  readonly #forces = new Forces()
  readonly #elements: Elements
  readonly #places: Places
  readonly #stopTheme: () => void
  readonly #resized: ResizeObserver
  #graph: GraphState | null = null
  #chosen = ""
  #shown: ((id: string) => boolean) | null = null
  #frame = 0
  #behind = false
  #drawnAt = 0
  /** When somebody last moved the view. */
  #lookedAt = -Infinity
  /** Whether the whole graph is kept in view, as long as nobody looks elsewhere. */
  #following = true

  constructor({ container, places, hues, onChoose }: DrawingOptions) {
    const options = {
      hideEdgesOnViewport: true,
      textureOnViewport: true,
      motionBlur: false,
      pixelRatio: "auto",
    } as const
    this.#cy = cytoscape({
      container,
      style: look(),
      minZoom: 0.04,
      maxZoom: 4,
      boxSelectionEnabled: false,
      ...options,
    })
    this.#places = places
    this.#elements = new Elements(this.#cy, this.#forces, places, hues)
    this.#stopTheme = onTheme(() => this.#cy.style(look()))
    this.#resized = new ResizeObserver(() => this.#resize())
    this.#resized.observe(container)
    this.#listen(onChoose)
  }

  /** Draw this graph from the next frame on. */
  show(graph: GraphState): void {
    if (graph === this.#graph) return
    this.#graph = graph
    this.#behind = true
    this.#wake()
  }

  /** Mark what is chosen, here or elsewhere; with `come` the view goes there. */
  choose(chosen: Chosen | null, come = false): void {
    const cy = this.#cy
    this.#chosen = chosen ? (chosen.kind === "node" ? nodeRef : edgeRef)(chosen.id) : ""
    this.#mark()
    const drawn = cy.getElementById(this.#chosen)
    if (!come || drawn.empty()) return
    this.#following = false
    const to = { center: { eles: drawn }, zoom: Math.max(cy.zoom(), 1) }
    if (lively()) cy.stop().animate(to, { duration: 300 })
    else cy.zoom(to.zoom).center(drawn)
  }

  /** Mark the node from which an edge is being drawn. */
  mark(id: string): void {
    this.#cy.nodes(".end").removeClass("end")
    if (id) this.#cy.getElementById(nodeRef(id)).addClass("end")
  }

  /** Dim the nodes that `shown` refuses, and their edges, also those that come later; null shows all. */
  filter(shown: ((id: string) => boolean) | null): void {
    const before = this.#shown
    this.#shown = shown
    if (shown) this.#dim(shown)
    else if (before) this.#cy.elements(".dim").removeClass("dim")
  }

  /** The nearest node in a direction from another, for the arrow keys. */
  beside(id: string, x: number, y: number): string | undefined {
    const from = this.#forces.get(id)
    let best: { id: string; far: number } | undefined
    for (const [other, body] of this.#forces.entries()) {
      if (!from || other === id) continue
      const [dx, dy] = [body.x - from.x, body.y - from.y]
      const along = dx * x + dy * y
      const aside = Math.abs(dx * y - dy * x)
      const far = along + 2 * aside
      if (along > 0 && aside < along * 2 && far < (best?.far ?? Infinity)) best = { id: other, far }
    }
    return best?.id
  }

  zoom(factor: number): void {
    this.#following = false
    const cy = this.#cy
    cy.zoom({ level: cy.zoom() * factor, renderedPosition: { x: cy.width() / 2, y: cy.height() / 2 } })
  }

  pan(x: number, y: number): void {
    this.#following = false
    this.#cy.panBy({ x, y })
  }

  /** Bring all into view, and keep it there while it grows. */
  fit(): void {
    this.#following = true
    this.#follow()
  }

  /** Find a better place for every node. */
  arrange(): void {
    this.#following = true
    this.#forces.arrange()
    this.#wake()
  }

  /** A picture of the whole graph, with the ground of the theme. */
  picture(): Promise<Blob> {
    const options = { full: true, scale: 2, maxWidth: PICTURE, maxHeight: PICTURE, bg: groundColor() }
    return this.#cy.png({ ...options, output: "blob-promise" })
  }

  destroy(): void {
    cancelAnimationFrame(this.#frame)
    this.#elements.destroy()
    this.#stopTheme()
    this.#resized.disconnect()
    this.#cy.destroy()
  }

  #listen(onChoose: DrawingOptions["onChoose"]): void {
    const cy = this.#cy
    cy.on("tap", (event) => {
      if (event.target === cy) return onChoose(null)
      if (!event.target.hasClass("leaving"))
        onChoose({ kind: event.target.isNode() ? "node" : "edge", id: idOf(event.target) })
    })
    cy.on("mouseover", "edge", (event) => void event.target.addClass("told"))
    cy.on("mouseout", "edge", (event) => {
      if (!event.target.selected() && event.target.connectedNodes(":selected").empty()) event.target.removeClass("told")
    })
    cy.on("scrollzoom pinchzoom dragpan", () => {
      this.#following = false
      this.#lookedAt = performance.now()
    })
    cy.on("drag", "node", (event) => {
      const body = this.#forces.get(idOf(event.target))
      if (body) Object.assign(body, event.target.position(), { held: true, heat: 0 })
    })
    cy.on("free", "node", (event) => this.#keep([[idOf(event.target), event.target.position()]]))
  }

  /** What is chosen, and its edges, also those that came later. */
  #mark(): void {
    const cy = this.#cy
    const drawn = cy.getElementById(this.#chosen)
    const told = this.#chosen.startsWith(edgeRef("")) ? drawn : drawn.connectedEdges()
    cy.batch(() => {
      cy.$(":selected").not(drawn).unselect()
      cy.edges(".told").not(told).removeClass("told")
      drawn.select()
      told.addClass("told")
    })
  }

  #dim(shown: (id: string) => boolean): void {
    const cy = this.#cy
    const dim = cy.nodes().filter((each) => !shown(idOf(each)))
    const all = dim.union(dim.connectedEdges())
    cy.batch(() => {
      cy.elements(".dim").not(all).removeClass("dim")
      all.not(".dim").addClass("dim")
    })
  }

  #wake(): void {
    this.#frame ||= requestAnimationFrame(() => this.#draw())
  }

  #draw(): void {
    this.#frame = 0
    if (this.#behind && this.#graph) {
      this.#behind = this.#elements.step(this.#graph)
      if (this.#chosen) this.#mark()
      if (this.#shown) this.#dim(this.#shown)
      if (this.#following) this.#follow()
    }
    const moving = this.#behind || this.#move()
    if (moving) this.#wake()
  }

  /** Let nodes move for a while. Returns whether they go on. */
  #move(): boolean {
    const heavy = this.#forces.size > HEAVY
    if (heavy && performance.now() - this.#lookedAt < LOOKING) return true
    const until = performance.now() + BUDGET
    let more = true
    let ticks = 0
    while (more && performance.now() < until && (ticks++ < 4 || heavy || !lively())) more = this.#forces.tick()
    const pause = lively() ? (heavy ? HEAVY_PAUSE : 0) : Infinity
    if (more && performance.now() - this.#drawnAt < pause) return true
    this.#place()
    return more
  }

  #place(): void {
    const moved: [string, { x: number; y: number }][] = []
    for (const [id, { x, y }] of this.#forces.entries()) {
      const known = this.#places.get(id)
      if (known?.[0] !== x || known[1] !== y) moved.push([id, { x, y }])
    }
    this.#keep(moved)
    this.#cy.batch(() => {
      for (const [id, at] of moved) {
        const drawn = this.#cy.getElementById(nodeRef(id))
        if (!drawn.grabbed()) drawn.position(at)
      }
    })
    if (this.#following) this.#follow()
    this.#drawnAt = performance.now()
  }

  #keep(moved: readonly (readonly [string, { x: number; y: number }])[]): void {
    for (const [id, { x, y }] of moved) this.#places.set(id, [x, y])
  }

  /** What is in the middle stays there, or comes there if it was on its way. */
  #resize(): void {
    const cy = this.#cy
    const [width, height] = [cy.width(), cy.height()]
    cy.resize()
    if (this.#following) return this.#follow()
    if (cy.animated()) cy.stop(true).center(cy.$(":selected"))
    else cy.panBy({ x: (cy.width() - width) / 2, y: (cy.height() - height) / 2 })
  }

  /** As `cy.fit`, but never nearer than one likes to look at a few nodes. */
  #follow(): void {
    const cy = this.#cy
    if (!this.#forces.size || !cy.width()) return
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (const [, { x, y }] of this.#forces.entries()) {
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
    const room = (size: number, span: number) => Math.max(size - 2 * PADDING, 40) / Math.max(span + 60, 1)
    const zoom = Math.min(CLOSEST, room(cy.width(), right - left), room(cy.height() - ABOVE, bottom - top))
    const middle = (ABOVE + cy.height()) / 2
    const pan = { x: cy.width() / 2 - (zoom * (left + right)) / 2, y: middle - (zoom * (top + bottom)) / 2 }
    cy.viewport({ zoom, pan })
  }
}
