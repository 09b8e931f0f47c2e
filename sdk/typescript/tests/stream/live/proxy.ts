import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { connect, type AddressInfo, type Socket } from "node:net"
import type { Duplex } from "node:stream"

/** What a proxy does to one answer. `after` counts bytes of the body; of a WebSocket those of the connection. */
export type Fault =
  | { kind: "none" }
  /** The connection breaks. */
  | { kind: "cut"; after: number }
  /** The answer ends early, and as if it were whole. */
  | { kind: "truncate"; after: number }
  | { kind: "delay"; ms: number }
  /** The bytes come in pieces of this size. */
  | { kind: "chop"; size: number }
  /** Nothing of the body is passed on before its end. */
  | { kind: "hold" }
  /** The connection stays open, and nothing comes any more. */
  | { kind: "freeze"; after: number }
  | { kind: "answer"; status: number; retryAfter?: string }

/**
 * A proxy that does harm. A request's path begins with a name of the caller's choice (`/name/v1/…`), by which `decide` is
 * asked what to do to the answer.
 */
export class FaultProxy {
  readonly #server: Server
  readonly #target: URL
  readonly #decide: (name: string, request: IncomingMessage) => Fault
  readonly #sockets = new Set<Duplex>()
  /** How many answers and WebSockets are on their way. */
  carrying = 0
  /** How many bytes of answers came from the server. */
  carried = 0

  private constructor(target: string, decide: (name: string, request: IncomingMessage) => Fault) {
    this.#target = new URL(target)
    this.#decide = decide
    this.#server = createServer((asked, answer) => this.#pass(asked, answer))
    this.#server.on("upgrade", (asked: IncomingMessage, socket: Duplex) => this.#tunnel(asked, socket))
    this.#server.on("connection", (socket) => this.#keep(socket))
  }

  static async begin(target: string, decide: (name: string, request: IncomingMessage) => Fault): Promise<FaultProxy> {
    const proxy = new FaultProxy(target, decide)
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve))
    return proxy
  }

  /** The address under which requests carry `name`. */
  url(name: string): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`
  }

  async end(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const [name, path] = split(asked)
    const fault = this.#decide(name, asked)
    if (fault.kind === "answer") {
      asked.resume()
      answer.writeHead(fault.status, { "retry-after": fault.retryAfter ?? "0" }).end()
      return
    }
    this.#count(answer)
    const onward = request({
      host: this.#target.hostname,
      port: this.#target.port,
      path,
      method: asked.method,
      headers: { ...asked.headers, host: this.#target.host },
      agent: false,
    })
    onward.on("response", (given) => {
      given.on("error", () => answer.destroy())
      given.on("data", (bytes: Buffer) => (this.carried += bytes.length))
      answer.writeHead(given.statusCode ?? 502, given.headers)
      if (fault.kind !== "hold") answer.flushHeaders()
      harm(given, fault, answer)
    })
    onward.on("error", () => (answer.headersSent ? answer.destroy() : answer.writeHead(502).end()))
    answer.on("close", () => onward.destroy())
    asked.pipe(onward)
  }

  #tunnel(asked: IncomingMessage, socket: Duplex): void {
    const [name, path] = split(asked)
    const fault = this.#decide(name, asked)
    socket.on("error", () => socket.destroy())
    if (fault.kind === "answer") {
      socket.end(`HTTP/1.1 ${fault.status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`)
      return
    }
    this.#count(socket)
    const onward: Socket = connect(Number(this.#target.port), this.#target.hostname, () => {
      const headers = Object.entries({ ...asked.headers, host: this.#target.host })
      onward.write(`GET ${path} HTTP/1.1\r\n${headers.map(([key, value]) => `${key}: ${value}`).join("\r\n")}\r\n\r\n`)
      socket.pipe(onward)
    })
    this.#keep(onward)
    onward.on("error", () => socket.destroy())
    onward.on("close", () => socket.destroy())
    socket.on("close", () => onward.destroy())
    harm(onward, fault, socket)
  }

  #count(way: ServerResponse | Duplex): void {
    this.carrying++
    way.on("close", () => this.carrying--)
  }

  #keep(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
  }
}

/** Carry `from` to `to`, with `fault`. */
function harm(from: NodeJS.ReadableStream, fault: Fault, to: ServerResponse | Duplex): void {
  switch (fault.kind) {
    case "cut":
      return limit(from, fault.after, to, () => to.destroy())
    case "truncate":
      return limit(from, fault.after, to, () => to.end())
    case "freeze":
      return limit(from, fault.after, to, () => from.resume())
    case "delay":
      from.on("data", (bytes: Buffer) => setTimeout(() => to.write(bytes), fault.ms))
      from.on("end", () => setTimeout(() => to.end(), fault.ms))
      return
    case "chop":
      from.on("data", (bytes: Buffer) => {
        for (let at = 0; at < bytes.length; at += fault.size) to.write(bytes.subarray(at, at + fault.size))
      })
      from.on("end", () => to.end())
      return
    case "hold": {
      const held: Buffer[] = []
      from.on("data", (bytes: Buffer) => held.push(bytes))
      from.on("end", () => to.end(Buffer.concat(held)))
      return
    }
    default:
      from.pipe(to)
  }
}

function limit(from: NodeJS.ReadableStream, after: number, to: ServerResponse | Duplex, then: () => void): void {
  let left = after
  from.on("data", (bytes: Buffer) => {
    if (left <= 0) return
    to.write(bytes.subarray(0, left), () => left <= 0 && then())
    left -= bytes.length
  })
  from.on("end", () => left > 0 && to.end())
}

function split(asked: IncomingMessage): [name: string, path: string] {
  const [, name = "", path = ""] = /^\/([^/]*)(.*)$/.exec(asked.url ?? "") ?? []
  return [name, path]
}
