import { useEffect, useLayoutEffect, useMemo } from "preact/hooks"
import type { Current } from "../session/current"
import { Canvas } from "./canvas"
import { openDesk, type Desk } from "./desk"
import { MOST_EDGES, MOST_NODES } from "./difference"
import { Inspector } from "./inspector"
import { Legend } from "./legend"
import { List } from "./list"
import { Toolbar } from "./toolbar"

/** The session's graph, live: drawn or as a list, and beside it what is chosen. `reader`: this person may only read. */
export function GraphPane({ current, reader }: { current: Current; reader: boolean }) {
  const desk = useMemo(() => openDesk(current), [current])
  useEffect(() => () => desk.close(), [desk])
  useLayoutEffect(() => {
    desk.reader.value = reader
  }, [desk, reader])
  return (
    <div class="graph">
      <Toolbar desk={desk} />
      <div class="graph-body">
        <div class="graph-view">{desk.view.value === "list" ? <List desk={desk} /> : <Drawn desk={desk} />}</div>
        <Inspector desk={desk} />
      </div>
      <Said desk={desk} />
    </div>
  )
}

function Drawn({ desk }: { desk: Desk }) {
  const { nodes, edges } = desk.graph.value
  const empty = desk.drawing.value && desk.graph.value.nodes.size === 0 && desk.current.shown.value.ready
  return (
    <>
      <Canvas desk={desk} />
      {empty && (
        <p class="graph-empty soft">
          {desk.readOnly.value
            ? "There was nothing in the graph here."
            : "Nothing is drawn yet: ask the agent for a graph, or add a node yourself."}
        </p>
      )}
      <Legend desk={desk} />
      {(nodes.size > MOST_NODES || edges.size > MOST_EDGES) && (
        <p class="graph-most soft small">
          {`The drawing shows the first ${MOST_NODES} nodes and ${MOST_EDGES} edges: search the list for others.`}
        </p>
      )}
    </>
  )
}

function Said({ desk }: { desk: Desk }) {
  const notice = desk.notice.value
  return (
    <div role="status" class="graph-said">
      {notice && (
        <p class={`notice ${notice.tone} row apart`}>
          <span>{notice.text}</span>
          <button class="button quiet" aria-label="Dismiss" onClick={() => (desk.notice.value = null)}>
            ×
          </button>
        </p>
      )}
    </div>
  )
}
