import { effect, useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { visit, type Desk } from "./desk"
import type { Chosen, Drawing } from "./drawing"
import { places, remember } from "./memory"
import { counted, nameOf } from "./naming"

const STEP = 60
const ARROWS: Record<string, readonly [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** The drawing, which is fetched when it is first wanted. */
export function Canvas({ desk }: { desk: Desk }) {
  const place = useRef<HTMLDivElement>(null)
  const { drawing } = desk
  const failed = useSignal(false)
  const tries = useSignal(0)
  const isConnected = desk.current.connection.value.status === "open"
  useEffect(() => {
    const closing = new AbortController()
    const start = (container: HTMLElement) => begin(desk, container, closing.signal)
    if (place.current) start(place.current).catch(() => (failed.value = true))
    return () => closing.abort()
  }, [desk, tries.value])
  useEffect(() => {
    // What could not be fetched while the server was away is there now.
    if (!isConnected || !failed.peek()) return
    failed.value = false
    tries.value += 1
  }, [isConnected])
  const { nodes, edges } = desk.graph.value
  const name = `Graph of ${counted(nodes.size, "node")} and ${counted(edges.size, "edge")}`
  return (
    <>
      {failed.value && (
        <p class="graph-empty">
          {isConnected
            ? "The drawing could not be loaded: reload the page, or use the list."
            : "The drawing comes when the server is back."}
        </p>
      )}
      <div
        class="graph-canvas"
        role="application"
        aria-label={name}
        aria-describedby="graph-keys"
        tabIndex={0}
        onKeyDown={(event) => drawing.value && press(event, desk, drawing.value)}
      >
        {/* Cytoscape's own: nothing is rendered into it. It has this id because cytoscape, where nothing has it, adds a
            style element of that id, which the page's policy refuses. */}
        <div class="graph-place" id="__________cytoscape_stylesheet" ref={place} aria-hidden="true" />
      </div>
      <p id="graph-keys" class="hidden">
        Arrow keys go from node to node, with Shift they move the view; Enter opens the node, plus and minus zoom, 0
        fits all, Escape lets go. The same is there as a list.
      </p>
      <p class="hidden" aria-live="polite">
        {chosenName(desk)}
      </p>
      <Controls drawing={drawing} />
    </>
  )
}

async function begin(desk: Desk, container: HTMLElement, closing: AbortSignal) {
  const { Drawing } = await import("./drawing")
  if (closing.aborted) return
  const session = desk.current.id
  const keep = () => {
    // Before the graph came, nothing would be left of what is remembered.
    if (desk.current.present.peek().ready) remember(session, desk.current.present.peek().graph)
  }
  const drawing = new Drawing({
    container,
    hues: desk.hues,
    places: places(session),
    onChoose: (chosen) => choose(desk, chosen),
  })
  const stops = [
    effect(() => {
      // What is there on opening is no news: it comes in one piece, and not as a change of an empty graph.
      if (desk.ready.value) drawing.show(desk.graph.value)
    }),
    effect(() => drawing.choose(desk.chosen.value)),
    effect(() => {
      if (desk.visit.value) drawing.choose(desk.visit.value, true)
    }),
    effect(() => drawing.mark(desk.form.value === "connect" ? (desk.chosen.value?.id ?? "") : "")),
    effect(() => filter(desk, drawing)),
  ]
  addEventListener("pagehide", keep, { signal: closing })
  closing.addEventListener("abort", () => {
    desk.drawing.value = null
    keep()
    for (const stop of stops) stop()
    drawing.destroy()
  })
  desk.drawing.value = drawing
}

/** What was pointed at is chosen, or is the other end of the edge that is being drawn. */
function choose(desk: Desk, chosen: Chosen | null): void {
  if (desk.form.value === "connect" && chosen?.kind === "node") desk.target.value = chosen.id
  else {
    desk.form.value = "none"
    desk.chosen.value = chosen
  }
}

function filter(desk: Desk, drawing: Drawing): void {
  const labels = desk.labels.value
  const { nodes } = desk.graph.value
  drawing.filter(labels.size ? (id) => labels.has(nodes.get(id)?.label ?? "") : null)
}

function chosenName(desk: Desk): string {
  const chosen = desk.chosen.value
  const node = chosen?.kind === "node" && desk.graph.value.nodes.get(chosen.id)
  return node ? `${nameOf(node)}, ${node.label}` : ""
}

function press(event: KeyboardEvent, desk: Desk, drawing: Drawing): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const arrow = ARROWS[event.key]
  if (arrow && event.shiftKey) drawing.pan(-arrow[0] * STEP, -arrow[1] * STEP)
  else if (arrow) step(desk, drawing, arrow)
  else if (event.key === "+" || event.key === "=") drawing.zoom(1.3)
  else if (event.key === "-") drawing.zoom(1 / 1.3)
  else if (event.key === "0") drawing.fit()
  else if (event.key === "Escape") choose(desk, null)
  else if (event.key === "Enter") document.getElementById("graph-inspector")?.focus()
  else return
  event.preventDefault()
}

function step(desk: Desk, drawing: Drawing, [x, y]: readonly [number, number]): void {
  const { nodes } = desk.graph.value
  const chosen = desk.chosen.value
  const from = chosen?.kind === "node" && nodes.has(chosen.id) ? chosen.id : undefined
  const id = from === undefined ? nodes.keys().next().value : drawing.beside(from, x, y)
  if (id !== undefined) visit(desk, { kind: "node", id })
}

function Controls({ drawing }: Pick<Desk, "drawing">) {
  const controls = [
    ["+", "Zoom in", (on: Drawing) => on.zoom(1.3)],
    ["−", "Zoom out", (on: Drawing) => on.zoom(1 / 1.3)],
    ["Fit", "Fit the whole graph", (on: Drawing) => on.fit()],
    ["Arrange", "Find a better place for every node", (on: Drawing) => on.arrange()],
  ] as const
  return (
    <div class="graph-controls" role="group" aria-label="View">
      {controls.map(([label, title, act]) => (
        <button
          key={label}
          class="button small"
          title={title}
          aria-label={label.length > 1 ? undefined : title}
          disabled={!drawing.value}
          onClick={() => drawing.value && act(drawing.value)}
        >
          {label}
        </button>
      ))}
    </div>
  )
}
