import type { AcceptedData, Command } from "../protocol.js"
import { Calls } from "./calls.js"
import { CUT, endingOfCode, type Ending } from "./endings.js"
import { Inbox } from "./inbox.js"
import { eventOf, type Batch, type Requests, type Source, type Subscription } from "./source.js"

const SUBPROTOCOL = "puntini.v1"
/** So many times in the length of a silence it is looked whether something was heard. */
const PINGS = 3
const SILENT: Ending = { kind: "silent", reason: "Nothing was heard from the server for too long." }
const NO_SOCKET: Ending = { kind: "blocked", reason: "A WebSocket does not get through." }

/** A WebSocket: events come in, commands go out. A socket can't be slowed down, so one that gets too far ahead is left. */
export class SocketSource implements Source {
  readonly transport = "websocket"
  readonly #requests: Requests
  readonly #asked: Subscription
  readonly #calls = new Calls()
  #socket: WebSocket | undefined

  constructor(requests: Requests, asked: Subscription) {
    this.#requests = requests
    this.#asked = asked
  }

  /** Send a command through the socket, if one is open. Rejects with `PuntiniError`: refused, or cut off unanswered. */
  send(command: Command & { command_id: string }): Promise<AcceptedData> | undefined {
    const socket = this.#socket
    return socket && this.#calls.begin(command.command_id, () => socket.send(JSON.stringify(command)))
  }

  async *open(after: string, signal: AbortSignal): AsyncGenerator<Batch, Ending> {
    const inbox = new Inbox()
    const socket = await this.#connect(after)
    if (!socket) return NO_SOCKET
    const leave = () => {
      this.#socket = undefined
      inbox.end({ kind: "left" })
      socket.close()
    }
    signal.addEventListener("abort", leave)
    const stopWatching = this.#watch(socket, inbox)
    try {
      if (signal.aborted) leave()
      return yield* inbox.batches()
    } finally {
      stopWatching()
      signal.removeEventListener("abort", leave)
      this.#socket = undefined
      this.#calls.cutOff()
      socket.close()
    }
  }

  async #connect(after: string): Promise<WebSocket | undefined> {
    const shown = await this.#requests.shown?.()
    const address = new URL(
      this.#requests.url(this.#asked.path, { ...this.#asked.query, after: after || undefined }),
      globalThis.location?.href,
    )
    address.protocol = address.protocol.replace("http", "ws")
    try {
      return new WebSocket(address, shown ? [SUBPROTOCOL, credential(shown)] : [SUBPROTOCOL])
    } catch {
      // There is none in this runtime, or a policy of the page forbids it.
      return undefined
    }
  }

  /** Fill `inbox` from `socket`, and end it when nothing is heard. Returns how to stop. */
  #watch(socket: WebSocket, inbox: Inbox): () => void {
    const { opening, silence } = this.#asked.patience
    let unheard = 0
    const late = setTimeout(() => inbox.end(NO_SOCKET), opening)
    // Pings are counted and not timed, for a page in the background is let to run once a minute.
    const pulse = setInterval(() => {
      if (++unheard > PINGS) inbox.end(SILENT)
      else if (unheard > 1 && this.#socket) socket.send('{"type":"ping"}')
    }, silence / PINGS)
    socket.onopen = () => {
      clearTimeout(late)
      this.#socket = socket
      inbox.add([], 0)
    }
    socket.onmessage = ({ data }: MessageEvent<unknown>) => {
      unheard = 0
      if (typeof data === "string" && !inbox.add(this.#events(data, inbox), data.length)) socket.close()
    }
    // A close may follow, or not, where the socket never opened.
    socket.onerror = () => inbox.end(this.#socket ? CUT : NO_SOCKET)
    socket.onclose = ({ code }) => {
      inbox.end(this.#socket === socket ? endingOfCode(code) : NO_SOCKET)
      this.#socket = undefined
      this.#calls.cutOff()
    }
    return () => {
      clearTimeout(late)
      clearInterval(pulse)
      socket.onopen = socket.onmessage = socket.onerror = socket.onclose = null
    }
  }

  /** The events of a frame, without the answers that somebody waits for. */
  #events(frame: string, inbox: Inbox): Batch["events"] {
    try {
      const events = []
      for (const line of frame.split("\n")) if (line) events.push(eventOf(line))
      return events.filter((event) => event.type !== "pong" && !this.#calls.answer(event))
    } catch {
      inbox.end({ kind: "lost", reason: "Something on the way damaged the stream." })
      return []
    }
  }
}

/** A credential as a subprotocol: a page can give a WebSocket no headers. */
function credential(shown: { apiKey: string } | { accessToken: string }): string {
  return "apiKey" in shown ? `apikey.${shown.apiKey}` : `bearer.${shown.accessToken}`
}
