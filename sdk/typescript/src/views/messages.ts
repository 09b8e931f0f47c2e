import type { AssistantResponse, Message, UserPrompt } from "../protocol.js"
import { LendingMap } from "./lending.js"
import type { Said } from "./said.js"
import type { MessageView } from "./shapes.js"
import { fitting, news, points } from "./text.js"

/** The newest messages are kept: so many, and so many bytes of text in all. A larger one is cut to its beginning. */
export const MOST_MESSAGES = 1_000
export const MOST_BYTES = 4 << 20

/** A message that may grow: `end` is where its next piece belongs, in code points; `size` is in bytes. */
interface Spoken {
  message: MessageView
  readonly end: number
  readonly size: number
  readonly whole: boolean
}

/**
 * The conversation, in the order in which messages began. A whole message stands where its pieces stood; an empty one
 * takes them back; pieces after the whole change nothing.
 */
export class Messages {
  #spoken = new LendingMap<Spoken>()
  #size = 0
  #read: readonly MessageView[] | undefined

  /** Begin with those of a snapshot. */
  constructor(messages: readonly Message[]) {
    for (const each of messages) {
      const message = { agent: "", task_id: "", partial: false, ...each, content: "" }
      this.#put(message, each.content, points(each.content), !message.partial)
    }
  }

  asked(event: Said<UserPrompt>): void {
    const { message_id: id, prompt } = event.data
    this.#put({ ...named(event), id, role: "user", agent: "" }, prompt)
  }

  answered(event: Said<AssistantResponse>): void {
    const { message_id: id, text, chunk, offset } = event.data
    const known = this.#spoken.map.get(id)
    const message: MessageView = { ...named(event), id, role: "assistant" }
    if (chunk) {
      // What is not there yet of a piece is appended, also when something is missing before it.
      const more = known?.whole ? "" : news(text, offset, known?.end ?? 0)
      if (more) this.#put(known?.message ?? message, more, offset + points(text), false, known?.size)
    } else if (text) this.#put(message, text)
    else this.#drop(id)
  }

  #put(message: MessageView, text: string, end = 0, whole = true, before = 0): void {
    const [more, taken] = fitting(text, MOST_BYTES - before)
    const size = before + taken
    this.#size += size - (this.#spoken.map.get(message.id)?.size ?? 0)
    const content = message.content + more
    this.#spoken.own().set(message.id, { message: { ...message, content }, end, size, whole })
    this.#read = undefined
    for (const oldest of this.#spoken.map.keys()) {
      if (this.#spoken.map.size <= MOST_MESSAGES && this.#size <= MOST_BYTES) return
      this.#drop(oldest)
    }
  }

  #drop(id: string): void {
    this.#size -= this.#spoken.map.get(id)?.size ?? 0
    this.#spoken.own().delete(id)
    this.#read = undefined
  }

  /** What a task was last asked; nothing when that is too old to be kept. */
  promptOf(taskId: string): string {
    let prompt = ""
    for (const { message } of this.#spoken.map.values()) {
      if (message.role === "user" && message.task_id === taskId) prompt = message.content
    }
    return prompt
  }

  /** Other tasks are open than before. */
  tasksChanged(): void {
    this.#read = undefined
  }

  /** The messages. Nothing more is to come of an answer whose task is not open. */
  read(isOpen: (taskId: string) => boolean): readonly MessageView[] {
    return (this.#read ??= Array.from(this.#spoken.map.values(), (each) => {
      const { message, whole } = each
      const partial = !whole && (!message.task_id || isOpen(message.task_id))
      if (partial !== message.partial) each.message = { ...message, partial }
      return each.message
    }))
  }

  fork(): Messages {
    const copy = new Messages([])
    copy.#spoken = this.#spoken.fork()
    copy.#size = this.#size
    return copy
  }
}

function named({ agent, task_id, timestamp }: Said<UserPrompt | AssistantResponse>) {
  return { agent, task_id, timestamp, content: "", partial: false }
}
