import type { ApprovalResolved, Reasoning, ToolCall } from "../protocol.js"
import { LendingMap } from "./lending.js"
import type { Said } from "./said.js"
import type { Activity, ActivityItem } from "./shapes.js"
import { news, points } from "./text.js"

/** Of each task the newest items are kept, and so many UTF-16 units of each text. */
export const MOST_ITEMS = 2_000
export const MOST_TEXT = 1 << 20

type Head = Omit<Activity, "items">
type Kind = ActivityItem["kind"]
type ItemOf<K extends Kind> = Extract<ActivityItem, { kind: K }>
/** `end` is where the next piece of a text belongs, in code points. */
type Item = Readonly<{ item: ActivityItem; end: number }>

const NOTHING: Head = {
  task_id: "",
  agent: "",
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

/** One task's activity as it grows. */
export class Work {
  head: Head
  #items = new LendingMap<Item>()
  /** The name of the last text that began without one. */
  #nameless = ""
  #read: Activity | undefined

  constructor(head: Partial<Head>) {
    this.head = { ...NOTHING, ...head }
  }

  change(head: Partial<Head>): void {
    this.head = { ...this.head, ...head }
    this.#read = undefined
  }

  /** Take an item in, in place of the one that is the same thing. */
  put(item: ActivityItem, end = 0): void {
    const items = this.#items.own()
    items.set(item.kind + item.id, { item, end })
    this.#read = undefined
    if (items.size > MOST_ITEMS) for (const oldest of items.keys()) return void items.delete(oldest)
  }

  #find<K extends Kind>(kind: K, id: string): { item: ItemOf<K>; end: number } | undefined {
    const known = this.#items.map.get(kind + id)
    return known && isOf(known.item, kind) ? { item: known.item, end: known.end } : undefined
  }

  /** A thought. Pieces that have no name go on with the last text that began without one. */
  thought({ id: eventId, agent, data }: Said<Reasoning>): void {
    const { text = "", steps = [], phase = "", chunk, offset, message_id } = data
    if (!chunk || !offset) this.#nameless = eventId
    const kind = "reasoning"
    const id = message_id || this.#nameless
    const known = this.#find(kind, id)
    const item: ItemOf<"reasoning"> = {
      kind,
      id,
      agent,
      text: "",
      steps,
      phase,
      partial: chunk,
      ...(chunk && known?.item),
    }
    const more = chunk ? item.partial && news(text, offset, known?.end ?? 0) : text
    if (more || (!chunk && steps.length)) {
      this.put({ ...item, text: (item.text + more).slice(0, MOST_TEXT) }, offset + points(text))
    } else if (!chunk) {
      this.#items.own().delete(kind + id)
      this.#read = undefined
    }
  }

  /** A call begins or ends. What its end does not repeat is known from its beginning. */
  called({ agent, data }: Said<ToolCall>): void {
    const { call_id: id, ...call } = data
    const began = this.#find("tool", id)?.item.parameters
    const parameters = began && !Object.keys(call.parameters).length ? began : call.parameters
    this.put({ kind: "tool", id, agent, result: null, error: "", duration_seconds: null, ...call, parameters })
  }

  decided({ data: { approval_id, ...decision } }: Said<ApprovalResolved>): void {
    const known = this.#find("approval", approval_id)
    if (known) this.put({ ...known.item, ...decision })
  }

  /** The task has ended: no text goes on. */
  end(head: Partial<Head>): void {
    this.change({ detail: "", ...head })
    for (const { item, end } of this.#items.map.values()) {
      if (item.kind === "reasoning" && item.partial) this.put({ ...item, partial: false }, end)
    }
  }

  read(): Activity {
    return (this.#read ??= { ...this.head, items: Array.from(this.#items.map.values(), ({ item }) => item) })
  }

  fork(): Work {
    const copy = new Work(this.head)
    copy.#items = this.#items.fork()
    copy.#nameless = this.#nameless
    copy.#read = this.#read
    return copy
  }
}

function isOf<K extends Kind>(item: ActivityItem, kind: K): item is ItemOf<K> {
  return item.kind === kind
}
