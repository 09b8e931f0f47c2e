import { Keyring, type Credential } from "./credentials.js"
import { PuntiniError, refusal, unanswered } from "./errors.js"
import { pause } from "./pause.js"
import type { LoginTokens } from "./resources.js"
import type { Sockets } from "./stream/source.js"

const TRIES = 4
const FIRST_MS = 150
const LONGEST_SECONDS = 30

export interface HttpOptions {
  /** Where the server is; in a page that it serves, leave it out. */
  baseUrl?: string
  credential?: Credential
  fetch?: typeof globalThis.fetch
  /** Lets streams go on over WebSockets: `websocket` of `@puntini/client/websocket`. */
  websocket?: Sockets
}

/** What is null or undefined is left out. */
export type Query = Readonly<Record<string, unknown>>

export interface Asked {
  method?: string
  query?: Query
  /** Sent as JSON, but for a string, which is sent as it is. */
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
  /** Makes a request safe to repeat; then `ask` does. */
  idempotencyKey?: string | undefined
  /** Show no credential. */
  anonymous?: boolean
}

/** Requests to one server, with its credential. */
export class Http {
  readonly baseUrl: string
  readonly websocket: Sockets | undefined
  readonly #fetch: typeof globalThis.fetch
  readonly #keyring: Keyring
  readonly #listeners = new Set<() => void>()
  #out = false

  constructor(options: HttpOptions) {
    this.baseUrl = (options.baseUrl ?? "").replace(/\/+$/, "")
    this.websocket = options.websocket
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
    this.#keyring = new Keyring(options.credential, (token) =>
      this.ask<LoginTokens>("/v1/token/refresh", {
        method: "POST",
        body: token === undefined ? {} : { refresh_token: token },
        anonymous: true,
      }),
    )
  }

  /** The address of a path, with its query. */
  url(path: string, query: Query = {}): string {
    const found = Object.entries(query).filter(([, value]) => value !== undefined && value !== null)
    const search = new URLSearchParams(found.map(([name, value]) => [name, String(value)])).toString()
    return this.baseUrl + path + (search && `?${search}`)
  }

  /** What a WebSocket offers to show the credential; empty where it needs not. */
  subprotocols(): Promise<string[]> {
    return this.#keyring.subprotocols()
  }

  /** Get a new credential in place of the present one; whether there is one to try with. */
  async refresh(): Promise<boolean> {
    const found = await this.#keyring.refresh()
    // Where the present one has ended already, that makes it known.
    if (!found) void this.send("/v1/token").catch(() => {})
    return found
  }

  get credential(): Credential | undefined {
    return this.#keyring.credential
  }

  /** Show this credential from now on, or none. */
  use(credential: Credential | undefined): void {
    this.#keyring.use(credential)
    this.#out = false
  }

  /** Call `listener` when the server no longer takes the credential and no other is to be had. Returns how to stop. */
  onSignedOut(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The answer, whatever its body. Throws `PuntiniError` unless it is a success.
   *
   * A credential that has ended is replaced, and the request sent once more. Otherwise nothing is repeated.
   */
  async send(path: string, asked: Asked = {}): Promise<Response> {
    const { generation } = this.#keyring
    let answer = await this.#once(path, asked)
    if (answer.status === 401 && !asked.anonymous) {
      if (await this.#keyring.refresh(generation)) {
        void answer.body?.cancel()
        answer = await this.#once(path, asked)
      }
      if (answer.status === 401) this.#signOut()
    }
    if (!answer.ok) throw await refusal(answer)
    return answer
  }

  /**
   * What `read` makes of an answer: its JSON, undefined of an empty one. Throws `PuntiniError`.
   *
   * What is safe to repeat (GET, and what has an idempotency key) is sent up to four times while the server is not to be had.
   */
  async ask<T>(path: string, asked: Asked = {}, read: (answer: Response) => Promise<T> = json): Promise<T> {
    const headers = { accept: "application/json", ...asked.headers }
    const isSafe = (asked.method ?? "GET") === "GET" || asked.idempotencyKey !== undefined
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.send(path, { ...asked, headers })
        return await this.#told(() => read(answer), asked.signal)
      } catch (error) {
        if (!isSafe || tries === TRIES || !(error instanceof PuntiniError && error.retryable)) throw error
        if ((error.retryAfter ?? 0) > LONGEST_SECONDS) throw error
        await pause((error.retryAfter ?? 0) * 1_000 + Math.random() * FIRST_MS * 2 ** tries, asked.signal)
      }
    }
  }

  async #once(path: string, asked: Asked): Promise<Response> {
    const headers = new Headers(asked.anonymous ? {} : await this.#keyring.headers())
    for (const [name, value] of Object.entries(asked.headers ?? {})) headers.set(name, value)
    const init: RequestInit = { method: asked.method ?? "GET", headers, cache: "no-store", credentials: this.#cookies }
    if (asked.body !== undefined) {
      if (!headers.has("content-type")) headers.set("content-type", "application/json")
      init.body = typeof asked.body === "string" ? asked.body : JSON.stringify(asked.body)
    }
    if (asked.idempotencyKey !== undefined) headers.set("idempotency-key", asked.idempotencyKey)
    if (asked.signal) init.signal = asked.signal
    return this.#told(() => this.#fetch(this.url(path, asked.query), init), asked.signal)
  }

  get #cookies(): RequestCredentials {
    return this.credential === "cookie" ? "same-origin" : "omit"
  }

  /** What `work` gives; what breaks on the way as an error that says what to do. */
  async #told<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (signal?.aborted || (error instanceof Error && error.name === "AbortError")) throw error
      throw unanswered(this.baseUrl, error)
    }
  }

  #signOut(): void {
    if (this.#out) return
    this.#out = true
    for (const listener of this.#listeners) listener()
  }
}

async function json(answer: Response) {
  return answer.status === 204 ? undefined : await answer.json()
}
