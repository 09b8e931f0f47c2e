import { signal } from "@preact/signals"
import { randomId } from "@puntini/client"
import type { LiveSession, MessageView, SendOptions } from "@puntini/client"
import { sentence } from "../parts/problem"
import { keepUnsent, unsent } from "../parts/unsent"

/** A prompt that was sent and is not in the conversation yet. */
export interface Sending {
  /** The command's id: sent again it counts as the same. */
  readonly id: string
  readonly prompt: string
  readonly options: SendOptions
  /** Messages with the same words that were there before. */
  readonly before: ReadonlySet<string>
  /** Why it failed; empty while it is under way. */
  readonly problem: string
}

/** What a person has sent, from the key press until the log has it. What the server does not have yet outlives the page. */
export class Outbox {
  readonly waiting = signal<readonly Sending[]>([])
  readonly #live: Pick<LiveSession, "id" | "state" | "send">
  /** Those that the server has taken; they only wait for the log to show them. */
  readonly #taken = new Set<string>()
  #last: Promise<void> = Promise.resolve()
  #closed = false

  /** An outbox with what this session's had when it was closed last: that is sent again. */
  constructor(live: Pick<LiveSession, "id" | "state" | "send">) {
    this.#live = live
    this.waiting.value = kept(live.id)
    for (const each of this.waiting.value) if (!each.problem) void this.#queue(each)
  }

  async send(prompt: string, options: SendOptions): Promise<void> {
    const before = new Set(said(this.#live.state.messages, prompt).map(({ id }) => id))
    await this.#try({ id: randomId(), prompt, options, before, problem: "" })
  }

  /** Send one that failed once more: were it to have arrived all the same, nothing happens twice. */
  async again(sending: Sending): Promise<void> {
    await this.#try({ ...sending, problem: "" })
  }

  discard(id: string): void {
    this.#show(this.waiting.value.filter((each) => each.id !== id))
  }

  /** Forget those that the conversation has by now. */
  settle(messages: readonly MessageView[]): void {
    const claimed = new Set<string>()
    const waiting = this.waiting.value.filter(({ prompt, before }) => {
      const found = said(messages, prompt).find(({ id }) => !before.has(id) && !claimed.has(id))
      if (found) claimed.add(found.id)
      return !found
    })
    if (waiting.length < this.waiting.value.length) this.#show(waiting)
  }

  /** What is under way stays kept, to be sent when somebody comes back. */
  close(): void {
    this.#closed = true
  }

  async #try(sending: Sending): Promise<void> {
    this.#show([...this.waiting.value.filter(({ id }) => id !== sending.id), sending])
    await this.#queue(sending)
  }

  /** One after the other, so that they arrive in the order in which they were said. */
  #queue(sending: Sending): Promise<void> {
    this.#last = this.#last.then(() => this.#deliver(sending))
    return this.#last
  }

  async #deliver(sending: Sending): Promise<void> {
    if (this.#closed || !this.waiting.value.some(({ id }) => id === sending.id)) return
    try {
      await this.#live.send(sending.prompt, { ...sending.options, commandId: sending.id })
      this.#taken.add(sending.id)
      this.#show(this.waiting.value)
    } catch (error) {
      if (this.#closed) return
      const failed = { ...sending, problem: sentence(error) }
      this.#show(this.waiting.value.map((each) => (each.id === sending.id ? failed : each)))
    }
  }

  #show(waiting: readonly Sending[]): void {
    this.waiting.value = waiting
    const open = waiting.filter(({ id }) => !this.#taken.has(id))
    const plain = open.map((each) => ({ ...each, before: [...each.before] }))
    keepUnsent(nameOf(this.#live.id), plain.length ? plain : undefined)
  }
}

function nameOf(session: string): string {
  return `outbox.${session}`
}

function kept(session: string): Sending[] {
  const found = unsent(nameOf(session))
  return Array.isArray(found) ? found.filter(isKept).map((each) => ({ ...each, before: new Set(each.before) })) : []
}

function isKept(value: unknown): value is Omit<Sending, "before"> & { before: string[] } {
  if (typeof value !== "object" || value === null) return false
  const { id, prompt, options, before, problem } = { id: 0, prompt: 0, options: 0, before: 0, problem: 0, ...value }
  const areTexts = [id, prompt, problem].every((each) => typeof each === "string")
  return areTexts && typeof options === "object" && Array.isArray(before)
}

function said(messages: readonly MessageView[], prompt: string): MessageView[] {
  return messages.filter(({ role, content }) => role === "user" && content === prompt)
}
