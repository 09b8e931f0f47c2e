import { batch, computed, effect, signal, type ReadonlySignal, type Signal } from "@preact/signals"
import { PuntiniError, type GraphConflict, type GraphOp, type GraphState } from "@puntini/client"
import type { Current } from "../session/current"
import { Authors } from "./authors"
import type { Chosen, Drawing } from "./drawing"
import { Hues } from "./hues"
import { nameOf } from "./naming"
import { inverse } from "./undoing"
import { told } from "./values"

/** What is said below the graph. */
export interface Notice {
  readonly tone: "bad" | "warn" | "plain"
  readonly text: string
}

/** What one does with a session's graph, and what one looks at: everything that the pane's parts share. */
export interface Desk {
  readonly current: Current
  /** The graph that is shown, taken over once a frame. */
  readonly graph: ReadonlySignal<GraphState>
  /** Whether there is a graph to be shown yet, be it an empty one. */
  readonly ready: ReadonlySignal<boolean>
  readonly chosen: Signal<Chosen | null>
  /** Where the view shall go: a new object each time. */
  readonly visit: Signal<Chosen | null>
  readonly form: Signal<"none" | "add" | "connect">
  /** The other end that was pointed at while two nodes are being connected. */
  readonly target: Signal<string>
  readonly view: Signal<"drawing" | "list">
  /** The drawing, while there is one. */
  readonly drawing: Signal<Drawing | null>
  /** Only these labels are highlighted; none: all. */
  readonly labels: Signal<ReadonlySet<string>>
  readonly notice: Signal<Notice | null>
  /** Whether this person may only look. */
  readonly reader: Signal<boolean>
  /** Why nothing can be changed, in one sentence; empty when it can. */
  readonly readOnly: ReadonlySignal<string>
  readonly undo: ReadonlySignal<boolean>
  readonly hues: Hues
  readonly authors: Authors
  /** Change the graph as it was seen at `version`. Whether it was done; why not is said in `notice`. */
  edit(delta: readonly GraphOp[], version?: number): Promise<boolean>
  /** Take the last own edit back. */
  takeBack(): Promise<void>
  close(): void
}

const VIEWER = "You may look at this graph but not change it: ask the session's owner to make you an editor."

export function openDesk(current: Current): Desk {
  const graph = signal(current.shown.value.graph)
  const ready = signal(current.shown.value.ready)
  const reader = signal(false)
  const last = signal<readonly GraphOp[]>([])
  const notice = signal<Notice | null>(null)
  const authors = new Authors()
  const readOnly = computed(() => {
    if (current.at.value) return "This is the past: come back to the present to change something."
    if (current.present.value.status === "closed") return "This session is closed: fork it to go on with its graph."
    return reader.value ? VIEWER : ""
  })
  let frame = 0
  const take = () => {
    frame = 0
    const shown = current.shown.peek()
    batch(() => {
      graph.value = shown.graph
      ready.value ||= shown.ready
    })
  }
  const stops = [
    current.on((event) => authors.take(event)),
    effect(() => {
      const shown = current.shown.value
      if (shown.graph !== graph.peek() || (shown.ready && !ready.peek())) frame ||= requestAnimationFrame(take)
    }),
    () => cancelAnimationFrame(frame),
  ]
  const edit = async (delta: readonly GraphOp[], version?: number): Promise<boolean> => {
    const before = current.present.peek().graph
    try {
      const done = await current.live.editGraph(delta, { baseVersion: version ?? before.version })
      notice.value = done.conflicts?.length ? { tone: "warn", text: met(done.conflicts, graph.peek()) } : null
      last.value = inverse(delta, before)
      return true
    } catch (error) {
      reader.value ||= error instanceof PuntiniError && error.status === 403
      notice.value = { tone: "bad", text: reader.value ? VIEWER : reason(error) }
      return false
    }
  }
  return {
    current,
    graph,
    ready,
    chosen: signal(null),
    visit: signal(null),
    form: signal("none"),
    target: signal(""),
    view: signal("drawing"),
    drawing: signal(null),
    labels: signal(new Set()),
    notice,
    reader,
    readOnly,
    undo: computed(() => last.value.length > 0 && !readOnly.value),
    hues: new Hues(),
    authors,
    edit,
    async takeBack() {
      const delta = last.peek()
      if (!(await edit(delta))) return
      last.value = []
      notice.value ??= { tone: "plain", text: "Your last change was taken back." }
    },
    close: () => stops.forEach((stop) => stop()),
  }
}

/** Choose an element, from wherever, and have the view go there. */
export function visit(desk: Desk, chosen: Chosen): void {
  desk.form.value = "none"
  desk.chosen.value = chosen
  desk.visit.value = { ...chosen }
}

/** Conflicts, in a sentence each, of the first three. */
export function met(conflicts: readonly GraphConflict[], graph: GraphState): string {
  const sentences = conflicts.slice(0, 3).map(({ element, field, mine, theirs, author }) => {
    const node = graph.nodes.get(element)
    const of = node ? ` of ${nameOf(node)}` : ""
    if (field === "removed") return `${author} had removed it meanwhile; your change was left out.`
    const name = field.replace(/^props\./, "")
    if (mine === null)
      return `${author} had changed ${name}${of} to ${told(theirs)} meanwhile; it is gone with your change.`
    return `${author} had changed ${name}${of} to ${told(theirs)} meanwhile; yours was taken.`
  })
  const more = conflicts.length - sentences.length
  return [...sentences, ...(more > 0 ? [`And ${more} more.`] : [])].join(" ")
}

function reason(error: unknown): string {
  if (error instanceof PuntiniError && error.status) return error.message
  return "The change did not reach the server: check the connection and try again."
}
