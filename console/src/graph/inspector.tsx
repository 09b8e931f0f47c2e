import type { GraphEdge, GraphNode } from "@puntini/client"
import type { ComponentChildren } from "preact"
import { AddForm, ConnectForm } from "./adding"
import { visit, type Desk } from "./desk"
import { ElementForm } from "./form"
import { Dot } from "./legend"
import { counted, nameOf, sentenceOf, short, spoken } from "./naming"

const TIES = 50

/** What is chosen: all about it, to read and to change. Closed when nothing is. */
export function Inspector({ desk }: { desk: Desk }) {
  const { nodes, edges } = desk.graph.value
  const chosen = desk.chosen.value
  const close = () => {
    desk.chosen.value = null
    desk.form.value = "none"
  }
  if (desk.form.value === "add") {
    return (
      <Panel title="A new node" onClose={close}>
        <AddForm desk={desk} />
      </Panel>
    )
  }
  if (!chosen) return null
  const node = chosen.kind === "node" ? nodes.get(chosen.id) : undefined
  const edge = chosen.kind === "edge" ? edges.get(chosen.id) : undefined
  const title = node ? nameOf(node) : edge ? sentenceOf(edge, desk.graph.value) : "Not there"
  return (
    <Panel title={short(title, 90)} onClose={close}>
      {node && <NodeDetails key={node.id} desk={desk} node={node} />}
      {edge && <EdgeDetails key={edge.id} desk={desk} edge={edge} />}
      {!node && !edge && (
        <p class="soft">It is not in the graph at this moment: somebody removed it, or it comes later.</p>
      )}
    </Panel>
  )
}

function Panel({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const press = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return
    event.stopPropagation()
    onClose()
    document.querySelector<HTMLElement>(".graph-canvas, .graph-list button[aria-current=true]")?.focus()
  }
  return (
    <aside class="graph-inspector stack" aria-label={title} id="graph-inspector" tabIndex={-1} onKeyDown={press}>
      <header class="row apart">
        <h2>{title}</h2>
        <button class="button quiet small" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      {children}
    </aside>
  )
}

function NodeDetails({ desk, node }: { desk: Desk; node: GraphNode }) {
  const connecting = desk.form.value === "connect"
  const locked = desk.readOnly.value
  return (
    <>
      <Facts desk={desk} kind="node" element={node} />
      <ElementForm desk={desk} element={node} />
      {connecting ? (
        <ConnectForm desk={desk} node={node} />
      ) : (
        <div class="row">
          <button class="button small" disabled={!!locked} onClick={() => connect(desk)}>
            Connect to …
          </button>
          <Remove desk={desk} element={node} />
        </div>
      )}
      <Ties desk={desk} node={node} />
    </>
  )
}

function EdgeDetails({ desk, edge }: { desk: Desk; edge: GraphEdge }) {
  return (
    <>
      <Facts desk={desk} kind="edge" element={edge} />
      <p class="row small">
        <Neighbour desk={desk} id={edge.source} /> <span aria-label="to">→</span>{" "}
        <Neighbour desk={desk} id={edge.target} />
      </p>
      <ElementForm desk={desk} element={edge} />
      <div class="row">
        <Remove desk={desk} element={edge} />
      </div>
    </>
  )
}

function Facts({ desk, kind, element }: { desk: Desk; kind: "node" | "edge"; element: GraphNode | GraphEdge }) {
  const change = desk.authors.of(kind, element.id)
  return (
    <p class="soft small graph-facts">
      {kind === "node" && (
        <span>
          <Dot desk={desk} label={element.label} /> {short(element.label)}
        </span>
      )}
      <code>{element.id}</code>
      {change && <span>{`changed by ${change.author}, ${new Date(change.timestamp).toLocaleTimeString()}`}</span>}
    </p>
  )
}

/** A node's edges, as links to its neighbours. */
function Ties({ desk, node }: { desk: Desk; node: GraphNode }) {
  const ties = [...desk.graph.value.edges.values()].filter(
    ({ source, target }) => source === node.id || target === node.id,
  )
  if (!ties.length) return <p class="soft small">It is not connected to anything.</p>
  return (
    <section class="stack graph-ties" aria-label="Its edges">
      <h3>{counted(ties.length, "edge")}</h3>
      <ul>
        {ties.slice(0, TIES).map((edge) => (
          <li key={edge.id} class="small">
            <span class="soft" aria-label={edge.source === node.id ? "outgoing" : "incoming"}>
              {edge.source === node.id ? "→" : "←"}
            </span>
            <button class="graph-link soft" onClick={() => visit(desk, { kind: "edge", id: edge.id })}>
              {short(spoken(edge.label))}
            </button>
            <Neighbour desk={desk} id={edge.source === node.id ? edge.target : edge.source} />
          </li>
        ))}
      </ul>
      {ties.length > TIES && <p class="soft small">{`And ${ties.length - TIES} more: the list has them all.`}</p>}
    </section>
  )
}

function Neighbour({ desk, id }: { desk: Desk; id: string }) {
  const node = desk.graph.value.nodes.get(id)
  return (
    <button class="graph-link" onClick={() => visit(desk, { kind: "node", id })}>
      {short(node ? nameOf(node) : id, 60)}
    </button>
  )
}

function Remove({ desk, element }: { desk: Desk; element: GraphNode | GraphEdge }) {
  const action = "source" in element ? "remove_edge" : "remove_node"
  const remove = async () => {
    if (await desk.edit([{ action, id: element.id }])) desk.chosen.value = null
  }
  return (
    <button class="button small danger" disabled={!!desk.readOnly.value} onClick={() => void remove()}>
      Delete
    </button>
  )
}

function connect(desk: Desk): void {
  desk.target.value = ""
  desk.form.value = "connect"
}
