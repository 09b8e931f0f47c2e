import { signal } from "@preact/signals"
import { randomId } from "@puntini/client"
import type { LiveSession, MessageView, SendOptions } from "@puntini/client"
import { sentence } from "../parts/problem"

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

/** What a person has sent, from the key press until the log has it. */
export class Outbox {
  readonly waiting = signal<readonly Sending[]>([])
  readonly #live: LiveSession

  constructor(live: LiveSession) {
    this.#live = live
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
    this.waiting.value = this.waiting.value.filter((each) => each.id !== id)
  }

  /** Forget those that the conversation has by now. */
  settle(messages: readonly MessageView[]): void {
    const claimed = new Set<string>()
    const waiting = this.waiting.value.filter(({ prompt, before }) => {
      const found = said(messages, prompt).find(({ id }) => !before.has(id) && !claimed.has(id))
      if (found) claimed.add(found.id)
      return !found
    })
    if (waiting.length < this.waiting.value.length) this.waiting.value = waiting
  }

  async #try(sending: Sending): Promise<void> {
    this.discard(sending.id)
    this.waiting.value = [...this.waiting.value, sending]
    try {
      await this.#live.send(sending.prompt, { ...sending.options, commandId: sending.id })
    } catch (error) {
      const failed = { ...sending, problem: sentence(error) }
      this.waiting.value = this.waiting.value.map((each) => (each.id === sending.id ? failed : each))
    }
  }
}

function said(messages: readonly MessageView[], prompt: string): MessageView[] {
  return messages.filter(({ role, content }) => role === "user" && content === prompt)
}
