export type { CallOptions, KeyedOptions, PageOptions } from "./calls.js"
export { Chat, type Begun, type ChatOptions } from "./chat.js"
export { PuntiniClient, type PuntiniOptions } from "./client.js"
export type { Credential, Tokens } from "./credentials.js"
export { PuntiniError } from "./errors.js"
export type { Listing, Page } from "./listing.js"
export { LiveSession, type CommandOptions, type LiveOptions, type SendOptions } from "./live.js"
export type * from "./protocol.js"
export type { AuditOptions } from "./resources/administration.js"
export type { PeriodOptions } from "./resources/analytics.js"
export type { EventOptions } from "./resources/events.js"
export type { NodeQuery } from "./resources/graphs.js"
export type { TemplateQuery } from "./resources/templates.js"
export type * from "./resources.js"
export {
  EventStream,
  type Connection,
  type EventOf,
  type EventType,
  type Patience,
  type Share,
  type Sockets,
  type StreamOptions,
  type Transport,
} from "./stream/stream.js"
export { randomId } from "./random.js"
export { SessionView, type ViewOptions } from "./views/session.js"
export type * from "./views/shapes.js"
