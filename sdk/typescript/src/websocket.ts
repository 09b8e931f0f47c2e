import { SocketSource } from "./stream/socket.js"
import type { Sockets } from "./stream/source.js"

/** Streams over a WebSocket, which takes commands as well: for `PuntiniOptions.websocket`. */
export const websocket: Sockets = (requests, asked) => new SocketSource(requests, asked)
