export { PuntiniClient, type PuntiniOptions } from "./client.js"
export type { Credential, Tokens } from "./credentials.js"
export { PuntiniError } from "./errors.js"
export { LiveSession, type SendOptions } from "./live.js"
export type * from "./protocol.js"
export {
  EventStream,
  type Connection,
  type EventOf,
  type EventType,
  type Patience,
  type StreamOptions,
  type Transport,
} from "./stream/stream.js"
export { SessionView } from "./views/session.js"
export type * from "./views/shapes.js"
