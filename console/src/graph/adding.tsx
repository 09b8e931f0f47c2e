import { useSignal } from "@preact/signals"
import { useEffect, useRef } from "preact/hooks"
import { randomId } from "@puntini/client"
import type { GraphNode } from "@puntini/client"
import { visit, type Desk } from "./desk"
import { Finder } from "./finder"
import { Field } from "./form"
import { nameOf, short } from "./naming"

/** A new node: its label and its key, or name. */
export function AddForm({ desk }: { desk: Desk }) {
  const label = useSignal("")
  const key = useSignal("")
  const labels = [...new Set([...desk.graph.value.nodes.values()].map((each) => each.label))].slice(0, 50)
  const first = useFocus<HTMLInputElement>()
  const add = async (event: Event) => {
    event.preventDefault()
    const id = minted("nod")
    const node = { id, label: label.value.trim(), key: key.value.trim(), props: {} }
    if (!node.label) return
    const same = [...desk.graph.peek().nodes.values()].find(
      (each) => node.key && each.key === node.key && each.label === node.label,
    )
    if (same) {
      desk.notice.value = {
        tone: "plain",
        text: `There is a ${node.label} with the key ${node.key} already: here it is.`,
      }
      visit(desk, { kind: "node", id: same.id })
    } else if (await desk.edit([{ action: "add_node", node }])) {
      desk.form.value = "none"
      desk.chosen.value = { kind: "node", id }
    }
  }
  return (
    <form class="graph-form" onSubmit={(event) => void add(event)}>
      <Field label="Label, such as Person or Task" wrong={undefined}>
        <input
          ref={first}
          class="input"
          required
          list="graph-labels"
          value={label.value}
          onInput={(event) => (label.value = event.currentTarget.value)}
        />
      </Field>
      <datalist id="graph-labels">
        {labels.map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
      <Field label="Key: what it is called" wrong={undefined}>
        <input class="input" value={key.value} onInput={(event) => (key.value = event.currentTarget.value)} />
      </Field>
      <button class="button primary small" disabled={!!desk.readOnly.value}>
        Add
      </button>
    </form>
  )
}

/** A new edge from `node` to one that is searched for, or pointed at in the drawing. */
export function ConnectForm({ desk, node }: { desk: Desk; node: GraphNode }) {
  const label = useSignal("")
  const { nodes, edges } = desk.graph.value
  const target = nodes.get(desk.target.value)
  const labels = [...new Set([...edges.values()].map((each) => each.label))].slice(0, 50)
  const box = useFocus<HTMLFieldSetElement>("input")
  const connect = async (event: Event) => {
    event.preventDefault()
    if (!target || !label.value.trim()) return
    const edge = { id: minted("edg"), label: label.value.trim(), source: node.id, target: target.id, props: {} }
    if (await desk.edit([{ action: "add_edge", edge }])) desk.form.value = "none"
  }
  return (
    <form class="graph-form" onSubmit={(event) => void connect(event)}>
      <fieldset ref={box}>
        <legend>{`Connect ${short(nameOf(node), 40)} to`}</legend>
        <Finder
          id="graph-target"
          label="Search, or point at a node"
          nodes={nodes}
          onPick={(id) => (desk.target.value = id)}
        />
        <p class="small" role="status">
          {target ? `To ${short(nameOf(target), 60)}` : ""}
        </p>
        <Field label="Label of the edge, such as WORKS_ON" wrong={undefined}>
          <input
            class="input"
            required
            list="graph-edge-labels"
            value={label.value}
            onInput={(event) => (label.value = event.currentTarget.value)}
          />
        </Field>
        <datalist id="graph-edge-labels">
          {labels.map((each) => (
            <option key={each} value={each} />
          ))}
        </datalist>
      </fieldset>
      <div class="row">
        <button type="button" class="button small" onClick={() => (desk.form.value = "none")}>
          Cancel
        </button>
        <button class="button primary small" disabled={!target || !!desk.readOnly.value}>
          Connect
        </button>
      </div>
    </form>
  )
}

/** Focus goes to what was just opened. */
function useFocus<T extends HTMLElement>(inside?: string) {
  const place = useRef<T>(null)
  useEffect(() => (inside ? place.current?.querySelector<HTMLElement>(inside) : place.current)?.focus(), [])
  return place
}

function minted(kind: "nod" | "edg"): string {
  return `${kind}_${randomId()}`
}
