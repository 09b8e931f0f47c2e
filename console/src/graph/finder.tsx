import { useSignal } from "@preact/signals"
import type { GraphNode } from "@puntini/client"
import { find } from "./finding"
import { nameOf, short } from "./naming"

const RESULTS = 20

interface FinderProps {
  readonly id: string
  readonly label: string
  readonly nodes: ReadonlyMap<string, GraphNode>
  readonly onPick: (id: string) => void
}

/** A box to type in, and below it the nodes that match: arrows choose, Enter picks. */
export function Finder({ id, label, nodes, onPick }: FinderProps) {
  const query = useSignal("")
  const at = useSignal(0)
  const open = useSignal(false)
  const found = open.value ? find(nodes.values(), query.value, RESULTS) : []
  const active = Math.min(at.value, found.length - 1)
  const shown = open.value && query.value.trim() !== ""
  const pick = (node: GraphNode | undefined) => {
    if (!node) return
    open.value = false
    query.value = nameOf(node)
    onPick(node.id)
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown") at.value = Math.min(active + 1, found.length - 1)
    else if (event.key === "ArrowUp") at.value = Math.max(active - 1, 0)
    else if (event.key === "Enter") pick(found[active] ?? find(nodes.values(), query.value, 1)[0])
    else if (event.key === "Escape") open.value ? (open.value = false) : (query.value = "")
    else return
    event.preventDefault()
  }
  return (
    <div class="graph-finder">
      <input
        class="input small"
        type="search"
        role="combobox"
        placeholder={label}
        aria-label={label}
        aria-expanded={shown}
        aria-controls={`${id}-found`}
        aria-autocomplete="list"
        aria-activedescendant={shown && found[active] ? `${id}-${active}` : undefined}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value
          at.value = 0
          open.value = true
        }}
        onKeyDown={press}
        onBlur={() => (open.value = false)}
      />
      <ul id={`${id}-found`} role="listbox" aria-label="Nodes found" class="graph-found" hidden={!shown}>
        {found.map((node, index) => (
          <li
            key={node.id}
            id={`${id}-${index}`}
            role="option"
            aria-selected={index === active}
            // Before the box loses the focus.
            onMouseDown={(event) => (event.preventDefault(), pick(node))}
          >
            <span>{short(nameOf(node), 60)}</span> <span class="soft small">{short(node.label)}</span>
          </li>
        ))}
        {shown && !found.length && (
          <li role="option" aria-selected="false" aria-disabled="true" class="soft">
            No node has that.
          </li>
        )}
      </ul>
    </div>
  )
}
