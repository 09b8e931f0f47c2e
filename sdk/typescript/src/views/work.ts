import type { ApprovalResolved, Reasoning, TaskView, ToolCall } from "../protocol.js"
import { LendingMap } from "./lending.js"
import type { Activity, ActivityItem } from "./shapes.js"
import { news, points } from "./text.js"

/** Of each task the newest items are kept, and so many UTF-16 units of each text. */
export const MOST_ITEMS = 2_000
export const MOST_TEXT = 1 << 20

type Head = Omit<Activity, "items">
type Kind = ActivityItem["kind"]
type ItemOf<K extends Kind> = Extract<ActivityItem, { kind: K }>
type Item = Readonly<{
  item: ActivityItem
  /** Where the next piece of a text belongs, in code points. */
  end: number
}>

/** One task's activity as it grows. */
export class Work {
  #head: Head
  #items = new LendingMap<Item>()
  /** The name of the last text that began without one. */
  #nameless = ""
  #read: Activity | undefined

  constructor(taskId: string, agent: string) {
    this.#head = {
      task_id: taskId,
      agent,
      status: "running",
      attempt: 0,
      plan: null,
      progress: null,
      detail: "",
      steps_taken: 0,
      started_at: "",
      ended_at: "",
      duration_seconds: null,
      usage: null,
      error: "",
    }
  }

  get head(): Head {
    return this.#head
  }

  change(head: Partial<Head>): void {
    this.#head = { ...this.#head, ...head }
    this.#read = undefined
  }

  /** The task stands as a snapshot, or the fold of the tasks, shows it. */
  stand({ status, agent = "", attempt = 0, progress = null, started_at = "" }: TaskView): void {
    this.change({ status, agent, attempt, progress, started_at })
  }

  /** Take an item in, in place of the one that is the same thing. */
  put(item: ActivityItem, end = 0): void {
    const items = this.#items.own()
    items.set(keyOf(item.kind, item.id), { item, end })
    this.#read = undefined
    if (items.size > MOST_ITEMS) for (const oldest of items.keys()) return void items.delete(oldest)
  }

  #find<K extends Kind>(kind: K, id: string): { item: ItemOf<K>; end: number } | undefined {
    const known = this.#items.map.get(keyOf(kind, id))
    return known && isOf(known.item, kind) ? { item: known.item, end: known.end } : undefined
  }

  /** A thought. Pieces that have no name go on with the last text that began without one. */
  thought({ id: eventId, agent = "", data }: Reasoning): void {
    const { text = "", steps = [], phase = "", chunk, offset } = data
    if (!chunk || !offset) this.#nameless = eventId
    const id = data.message_id || this.#nameless
    const kind = "reasoning"
    const known = this.#find(kind, id)
    if (!chunk) {
      if (text || steps.length) this.put({ kind, id, agent, text, steps, phase, partial: false })
      else this.#items.own().delete(keyOf(kind, id))
      this.#read = undefined
      return
    }
    const more = news(text, offset, known?.end ?? 0)
    if (!more || known?.item.partial === false) return
    const began: ItemOf<"reasoning"> = known?.item ?? { kind, id, agent, text: "", steps: [], phase, partial: true }
    this.put({ ...began, text: (began.text + more).slice(0, MOST_TEXT) }, offset + points(text))
  }

  /** A call begins or ends. What its end does not repeat is known from its beginning. */
  called({ agent = "", data }: ToolCall): void {
    const { call_id: id, tool_name, status, result = null, error = "", duration_seconds = null } = data
    const began = this.#find("tool", id)?.item.parameters
    const parameters = began && !Object.keys(data.parameters).length ? began : data.parameters
    this.put({ kind: "tool", id, agent, tool_name, status, parameters, result, error, duration_seconds })
  }

  decided({ data }: ApprovalResolved): void {
    const { approval_id, decision, by, value = null } = data
    const known = this.#find("approval", approval_id)
    if (known) this.put({ ...known.item, decision, by, value })
  }

  /** The task has ended: no text goes on. */
  end(head: Partial<Head>): void {
    this.change({ ...head, detail: "" })
    for (const { item, end } of this.#items.map.values()) {
      if (item.kind === "reasoning" && item.partial) this.put({ ...item, partial: false }, end)
    }
  }

  read(): Activity {
    return (this.#read ??= { ...this.#head, items: Array.from(this.#items.map.values(), ({ item }) => item) })
  }

  fork(): Work {
    const copy = new Work("", "")
    copy.#head = this.#head
    copy.#items = this.#items.fork()
    copy.#nameless = this.#nameless
    copy.#read = this.#read
    return copy
  }
}

function keyOf(kind: Kind, id: string): string {
  return `${kind} ${id}`
}

function isOf<K extends Kind>(item: ActivityItem, kind: K): item is ItemOf<K> {
  return item.kind === kind
}
