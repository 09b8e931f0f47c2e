import { Finder } from "./finder"
import { visit, type Desk } from "./desk"
import { counted } from "./naming"
import { saveGraphml, saveJson, savePicture } from "./saving"

/** Search, what one may do, and how the graph is shown. */
export function Toolbar({ desk }: { desk: Desk }) {
  const { nodes, edges } = desk.graph.value
  const listed = desk.view.value === "list"
  return (
    <div class="graph-tools row" role="toolbar" aria-label="Graph">
      {!listed && (
        <Finder
          id="graph-search"
          label="Search the graph"
          nodes={nodes}
          onPick={(id) => visit(desk, { kind: "node", id })}
        />
      )}
      <span class="soft small graph-size">{`${counted(nodes.size, "node")}, ${counted(edges.size, "edge")}`}</span>
      <span class="row graph-acts">
        <button
          class="button small"
          disabled={!!desk.readOnly.value}
          title={desk.readOnly.value || undefined}
          onClick={() => add(desk)}
        >
          Add node
        </button>
        <button
          class="button small"
          disabled={!desk.undo.value}
          title="Take your last change back"
          onClick={() => void desk.takeBack()}
        >
          Undo
        </button>
        <button
          class="button small"
          aria-pressed={listed}
          onClick={() => (desk.view.value = listed ? "drawing" : "list")}
        >
          List
        </button>
        <Save desk={desk} />
      </span>
    </div>
  )
}

function add(desk: Desk): void {
  desk.chosen.value = null
  desk.form.value = "add"
}

/** A menu of files; it closes when one looks elsewhere. */
function Save({ desk }: { desk: Desk }) {
  const files = [
    ["Picture (PNG)", savePicture, !desk.drawing.value],
    ["JSON", saveJson, false],
    ["GraphML", saveGraphml, false],
  ] as const
  return (
    <details
      class="graph-menu"
      onFocusOut={left}
      onKeyDown={(event) => event.key === "Escape" && shut(event.currentTarget)}
    >
      <summary class="button small">Save as</summary>
      <div class="graph-found">
        {files.map(([label, act, disabled]) => (
          <button
            key={label}
            class="button quiet small"
            disabled={disabled}
            onClick={(event) => (shut(event.currentTarget.closest("details")), void act(desk))}
          >
            {label}
          </button>
        ))}
      </div>
    </details>
  )
}

function left(event: FocusEvent & { currentTarget: HTMLDetailsElement }): void {
  if (!(event.relatedTarget instanceof Node && event.currentTarget.contains(event.relatedTarget)))
    shut(event.currentTarget)
}

function shut(menu: HTMLDetailsElement | null): void {
  if (!menu?.open) return
  menu.open = false
  menu.querySelector("summary")?.focus()
}
