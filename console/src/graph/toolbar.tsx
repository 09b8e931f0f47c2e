import { Finder } from "./finder"
import { visit, type Desk } from "./desk"
import { saveGraphml, saveJson } from "./saving"

/** Search, what one may do, and how the graph is shown. */
export function Toolbar({ desk }: { desk: Desk }) {
  const { nodes, edges } = desk.graph.value
  const listed = desk.view.value === "list"
  return (
    <div class="graph-tools row" role="toolbar" aria-label="Graph">
      <Finder
        id="graph-search"
        label="Search the graph"
        nodes={nodes}
        onPick={(id) => visit(desk, { kind: "node", id })}
      />
      <span class="soft small graph-size">{`${nodes.size} nodes, ${edges.size} edges`}</span>
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
        <button
          class="button small quiet"
          title="Save as JSON"
          aria-label="Save as JSON"
          onClick={() => saveJson(desk)}
        >
          JSON
        </button>
        <button
          class="button small quiet"
          title="Save as GraphML"
          aria-label="Save as GraphML"
          onClick={() => void saveGraphml(desk)}
        >
          GraphML
        </button>
      </span>
    </div>
  )
}

function add(desk: Desk): void {
  desk.chosen.value = null
  desk.form.value = "add"
}
