import { Http, type HttpOptions } from "./http.js"
import { LiveSession } from "./live.js"
import { EventStream, type StreamOptions } from "./stream/stream.js"

export type PuntiniOptions = HttpOptions

/** A Puntini server. */
export class PuntiniClient {
  readonly http: Http

  constructor(options: PuntiniOptions = {}) {
    this.http = new Http(options)
  }

  /** A session's events. */
  stream(sessionId: string, options: StreamOptions = {}): EventStream {
    return new EventStream(this.http, `/v1/sessions/${encodeURIComponent(sessionId)}/stream`, options)
  }

  /** A session with its state kept up to date. */
  session(sessionId: string, options: StreamOptions = {}): LiveSession {
    return new LiveSession(this.http, sessionId, options)
  }
}
