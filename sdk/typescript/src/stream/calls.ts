import { problem, type PuntiniError } from "../errors.js"
import type { AcceptedData, PuntiniEvent } from "../protocol.js"

/** So many commands may wait for their answers at a time; the server carries out fewer at once. */
const MOST = 256

interface Waiting {
  resolve(accepted: AcceptedData): void
  reject(error: PuntiniError): void
}

/** Commands that were sent through a socket, and wait for their answers. */
export class Calls {
  readonly #waiting = new Map<string, Waiting>()

  /** Send a command and wait; undefined where too many wait already, or one with this id does. */
  begin(commandId: string, send: () => void): Promise<AcceptedData> | undefined {
    if (this.#waiting.size >= MOST || this.#waiting.has(commandId)) return undefined
    return new Promise((resolve, reject) => {
      this.#waiting.set(commandId, { resolve, reject })
      send()
    })
  }

  /** Hand `event` to whom it answers; false where it answers nobody. */
  answer(event: PuntiniEvent): boolean {
    if (event.type !== "accepted" && event.type !== "error") return false
    const id = event.type === "accepted" ? event.data.command_id : (event.error.command_id ?? "")
    const waiting = this.#waiting.get(id)
    if (!waiting) return false
    this.#waiting.delete(id)
    if (event.type === "accepted") waiting.resolve(event.data)
    else waiting.reject(problem(event.error.code, event.error.reason, event.error.message))
    return true
  }

  /** The socket is gone: what was not answered may or may not have been done, and can be sent again by its id. */
  cutOff(): void {
    for (const { reject } of this.#waiting.values()) {
      reject(problem(0, "cut_off", "The connection was lost before the answer came: send it again."))
    }
    this.#waiting.clear()
  }
}
