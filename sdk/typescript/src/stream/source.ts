import type { Asked } from "../http.js"
import type { AcceptedData, Command, PuntiniEvent } from "../protocol.js"
import type { Ending } from "./endings.js"

export type Transport = "sse" | "websocket" | "poll"

/** What the stream needs of the client that it belongs to. */
export interface Requests {
  /** The answer. Throws `PuntiniError` unless it is a success. */
  send(path: string, asked: Asked): Promise<Response>
  url(path: string, query?: Asked["query"]): string
  /** Get a new credential for one that ends; false where there is none to be had. Left out: `send` does it by itself. */
  refresh?(): Promise<boolean>
  /** What shows the credential to a WebSocket, which has no headers: `bearer.<jwt>`, `apikey.<key>`, or nothing. */
  subprotocols?(): Promise<string[]>
  /** How to make WebSockets: `websocket` of `@puntini/client/websocket`. Left out: there are none. */
  websocket?: Sockets | undefined
}

/** What is asked for: one stream, and which of its events. */
export interface Subscription {
  readonly path: string
  readonly query: NonNullable<Asked["query"]>
  readonly patience: Patience
}

/** How long to wait for what, in milliseconds. */
export interface Patience {
  /** For the first byte of an answer. Nothing by then, and the stream counts as held back by something on the way. */
  readonly opening: number
  /** For the next byte. The server gives a sign of life each 15 s unless it is set otherwise. */
  readonly silence: number
  /** Between two tries, at most; but what the server asks for counts. */
  readonly retry: number
}

/** What arrives together; maybe nothing, which is a sign of life. */
export interface Batch {
  readonly events: readonly PuntiniEvent[]
  /** Where the log was read to, behind these events. */
  readonly cursor?: string
  /** How long to wait before coming back, in milliseconds, as the server would have it. */
  readonly retry?: number | undefined
}

/**
 * Events after a cursor, from one connection: it is read no faster than batches are asked for, and returns how it ended.
 *
 * It may say things twice and may break anywhere; who follows drops the repeated and comes back. Aborting `connection` ends it, with the
 * reason as how it ended: an `Ending`.
 */
export interface Source {
  readonly transport: Transport
  /** `after` is a cursor of any kind; empty for a snapshot first. */
  open(after: string, connection: AbortController): AsyncGenerator<Batch, Ending>
}

/** A source that commands can be sent through, too. */
export interface CommandSource extends Source {
  /** Undefined while it is not open. Rejects with `PuntiniError`: refused, or cut off unanswered. */
  send(command: Command & { command_id: string }): Promise<AcceptedData> | undefined
}

export type Sockets = (requests: Requests, asked: Subscription) => CommandSource

/** Makes of a stream's source one that is shared by all that follow what has this name. */
export type Share = (source: Source, name: string) => Source

/** Whether this is an event at all: an object with a type. Types that are not known are passed on. */
export function isEvent(value: unknown): value is PuntiniEvent {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"
}

/** The event in a line of JSON. Throws SyntaxError. */
export function eventOf(json: string): PuntiniEvent {
  const value: unknown = JSON.parse(json)
  if (!isEvent(value)) throw new SyntaxError()
  return value
}
