import { useSignal } from "@preact/signals"
import type { GraphEdge, GraphNode } from "@puntini/client"
import type { ComponentChildren } from "preact"
import { visit, type Desk } from "./desk"
import type { Chosen } from "./drawing"
import { matches } from "./finding"
import { Dot } from "./legend"
import { nameOf, short, spoken } from "./naming"
import { told } from "./values"

const PAGE = 100

/** The graph in words: tables of nodes and edges, for those who would rather read, or hear, than look. */
export function List({ desk }: { desk: Desk }) {
  const query = useSignal("")
  const { nodes, edges } = desk.graph.value
  const name = (id: string) => short(nameOf(nodes.get(id) ?? { id, label: "" }), 60)
  const wanted = <T extends GraphNode | GraphEdge>(all: ReadonlyMap<string, T>) =>
    query.value.trim() ? [...all.values()].filter((each) => matches(each, query.value)) : [...all.values()]
  return (
    <div class="graph-list stack">
      <label class="field">
        <span>Only those with</span>
        <input
          class="input"
          type="search"
          value={query.value}
          onInput={(event) => (query.value = event.currentTarget.value)}
        />
      </label>
      <Pages title="Nodes" heads={["Name", "Label", "Properties"]} of={wanted(nodes)}>
        {(node) => (
          <Row key={node.id} desk={desk} chosen={{ kind: "node", id: node.id }} name={short(nameOf(node), 60)}>
            <td>
              <Dot desk={desk} label={node.label} /> {short(node.label)}
            </td>
            <td class="soft">{properties(node)}</td>
          </Row>
        )}
      </Pages>
      <Pages title="Edges" heads={["Edge", "From", "To", "Properties"]} of={wanted(edges)}>
        {(edge) => (
          <Row key={edge.id} desk={desk} chosen={{ kind: "edge", id: edge.id }} name={short(spoken(edge.label))}>
            <td>{name(edge.source)}</td>
            <td>{name(edge.target)}</td>
            <td class="soft">{properties(edge)}</td>
          </Row>
        )}
      </Pages>
    </div>
  )
}

interface PagesProps<T> {
  readonly title: string
  readonly heads: readonly string[]
  readonly of: readonly T[]
  readonly children: (each: T) => ComponentChildren
}

/** A table that shows so many rows at first, and more when asked. */
function Pages<T>({ title, heads, of, children }: PagesProps<T>) {
  const most = useSignal(PAGE)
  return (
    <section class="stack" aria-label={title}>
      <h2>{`${title} (${of.length})`}</h2>
      <table class="table small">
        <thead>
          <tr>
            {heads.map((head) => (
              <th key={head} scope="col">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>{of.slice(0, most.value).map(children)}</tbody>
      </table>
      {of.length > most.value && (
        <button
          class="button"
          onClick={() => (most.value += PAGE)}
        >{`Show ${Math.min(PAGE, of.length - most.value)} more`}</button>
      )}
    </section>
  )
}

interface RowProps {
  readonly desk: Desk
  readonly chosen: Chosen
  readonly name: string
  readonly children: ComponentChildren
}

function Row({ desk, chosen, name, children }: RowProps) {
  const now = desk.chosen.value
  const mine = now?.kind === chosen.kind && now.id === chosen.id
  return (
    <tr class={mine ? "graph-mine" : ""}>
      <th scope="row">
        <button class="graph-link" aria-current={mine} onClick={() => visit(desk, chosen)}>
          {name}
        </button>
      </th>
      {children}
    </tr>
  )
}

function properties({ props }: GraphNode | GraphEdge): string {
  const all = Object.entries(props ?? {})
  return short(all.map(([name, value]) => `${name}: ${told(value)}`).join(", "), 120)
}
