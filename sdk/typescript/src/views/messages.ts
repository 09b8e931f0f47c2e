import type { AssistantResponse, Message, UserPrompt } from "../protocol.js"
import { LendingMap } from "./lending.js"
import type { MessageView } from "./shapes.js"
import { bytes, fitting, news, points } from "./text.js"

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

  /** What a snapshot shows. */
  load(messages: readonly Message[]): void {
    for (const { content, ...rest } of messages) {
      const message = { agent: "", task_id: "", partial: false, ...rest, content: "" }
      this.#put(message, content, { end: points(content), size: 0, whole: !message.partial })
    }
  }

  asked(event: UserPrompt): void {
    const { message_id: id, prompt } = event.data
    this.#put({ ...named(event), id, role: "user", agent: "" }, prompt, { end: 0, size: 0, whole: true })
  }

  answered(event: AssistantResponse): void {
    const { message_id: id, text, chunk } = event.data
    if (chunk) this.#piece(event)
    else if (text) this.#put({ ...named(event), id, role: "assistant" }, text, { end: 0, size: 0, whole: true })
    else if (this.#spoken.map.has(id)) this.#drop(id)
  }

  /** Append what is not there yet of a piece, also when something is missing before it. */
  #piece(event: AssistantResponse): void {
    const { message_id: id, text, offset } = event.data
    const known = this.#spoken.map.get(id)
    const more = news(text, offset, known?.end ?? 0)
    if (!more || known?.whole) return
    const message = known?.message ?? { ...named(event), id, role: "assistant" }
    this.#put(message, more, { end: offset + points(text), size: known?.size ?? 0, whole: false })
  }

  #put(message: MessageView, text: string, { end, size, whole }: Omit<Spoken, "message">): void {
    const room = MOST_BYTES - size
    const taken = bytes(text)
    // What was cut fills the room, so that nothing is added behind it.
    const content = message.content + (taken > room ? fitting(text, room) : text)
    const grown = size + Math.min(taken, room)
    this.#size += grown - (this.#spoken.map.get(message.id)?.size ?? 0)
    this.#spoken.own().set(message.id, { message: { ...message, content }, end, size: grown, whole })
    this.#read = undefined
    while (this.#spoken.map.size > MOST_MESSAGES || this.#size > MOST_BYTES) this.#dropOldest()
  }

  #dropOldest(): void {
    for (const id of this.#spoken.map.keys()) return this.#drop(id)
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
    const copy = new Messages()
    copy.#spoken = this.#spoken.fork()
    copy.#size = this.#size
    copy.#read = this.#read
    return copy
  }
}

function named(event: UserPrompt | AssistantResponse) {
  const { agent = "", task_id = "", timestamp } = event
  return { agent, task_id, timestamp, content: "", partial: false }
}
