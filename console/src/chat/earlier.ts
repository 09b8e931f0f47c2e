import { signal } from "@preact/signals"
import type { Message, MessageView } from "@puntini/client"
import { client } from "../client"
import { sentence } from "../parts/problem"

const PAGE = 100

/** Messages from before those of the snapshot, which has the newest hundred. */
export class Earlier {
  readonly messages = signal<readonly MessageView[]>([])
  readonly more = signal(false)
  readonly busy = signal(false)
  readonly problem = signal("")
  readonly #session: string
  #snapshots = 0

  constructor(session: string) {
    this.#session = session
  }

  /** A new snapshot came, with this many messages. */
  begin(shown: number): void {
    this.#snapshots++
    this.messages.value = []
    this.more.value = shown >= PAGE
  }

  /** Get the page before the message that is shown first. */
  async load(before: string): Promise<void> {
    if (this.busy.value) return
    const snapshot = this.#snapshots
    this.busy.value = true
    this.problem.value = ""
    try {
      const path = `/v1/sessions/${encodeURIComponent(this.#session)}/messages`
      const page = await client.http.ask<{ items: Message[] }>(path, { query: { before, limit: PAGE } })
      // What comes before another snapshot's messages is another page.
      if (snapshot !== this.#snapshots) return
      const found = page.items.map((each) => ({ task_id: "", partial: false, ...each }))
      this.messages.value = [...found, ...this.messages.value]
      this.more.value = found.length === PAGE
    } catch (error) {
      this.problem.value = sentence(error)
    } finally {
      this.busy.value = false
    }
  }
}
