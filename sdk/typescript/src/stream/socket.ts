import type { AcceptedData, Command } from "../protocol.js"
import { Calls } from "./calls.js"
import { CUT, endingOf, endingOfCode, LEFT, SILENT, type Ending } from "./endings.js"
import { Inbox } from "./inbox.js"
import { eventOf, type Batch, type CommandSource, type Requests, type Subscription } from "./source.js"

const SUBPROTOCOL = "puntini.v1"
/** So many times in the length of a silence it is looked whether something was heard. */
const PINGS = 3
const NO_SOCKET: Ending = { kind: "blocked", reason: "A WebSocket does not get through." }

/** A WebSocket: events come in, commands go out. A socket can't be slowed down, so one that gets too far ahead is left. */
export class SocketSource implements CommandSource {
  readonly transport = "websocket"
  readonly #requests: Requests
  readonly #asked: Subscription
  readonly #calls = new Calls()
  /** The one that is open. */
  #socket: WebSocket | undefined

  constructor(requests: Requests, asked: Subscription) {
    this.#requests = requests
    this.#asked = asked
  }

  send(command: Command & { command_id: string }): Promise<AcceptedData> | undefined {
    const socket = this.#socket
    return socket && this.#calls.begin(command.command_id, () => socket.send(JSON.stringify(command)))
  }

  async *open(after: string, { signal }: AbortController): AsyncGenerator<Batch, Ending> {
    const inbox = new Inbox()
    const socket = await this.#connect(after)
    if (!socket) return NO_SOCKET
    const leave = () => {
      this.#socket = undefined
      inbox.end(LEFT)
      socket.close()
    }
    signal.addEventListener("abort", leave)
    const stopWatching = this.#watch(socket, inbox)
    try {
      if (signal.aborted) leave()
      return yield* inbox.batches()
    } finally {
      leave()
      stopWatching()
      signal.removeEventListener("abort", leave)
      this.#calls.cutOff()
    }
  }

  async #connect(after: string): Promise<WebSocket | undefined> {
    const { path, query } = this.#asked
    const credential = (await this.#requests.subprotocols?.()) ?? []
    const address = this.#requests.url(path, { ...query, after: after || undefined })
    try {
      const { href } = new URL(address, globalThis.location?.href)
      return new WebSocket(href.replace(/^http/, "ws"), [SUBPROTOCOL, ...credential])
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
      inbox.end(this.#socket ? endingOfCode(code) : NO_SOCKET)
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
    } catch (error) {
      inbox.end(endingOf(error))
      return []
    }
  }
}
