import type { Credential } from "./credentials.js"
import { PuntiniError } from "./errors.js"

export interface HttpOptions {
  /** Where the server is; in a page that it serves, leave it out. */
  baseUrl?: string
  credential?: Credential
  fetch?: typeof globalThis.fetch
}

export interface Asked {
  method?: string
  query?: Record<string, string | number | boolean | undefined>
  body?: unknown
  headers?: Record<string, string>
  signal?: AbortSignal | undefined
}

/** Requests to one server, with its credential. */
export class Http {
  readonly baseUrl: string
  readonly #fetch: typeof globalThis.fetch
  readonly credential: Credential | undefined

  constructor(options: HttpOptions) {
    this.baseUrl = (options.baseUrl ?? "").replace(/\/+$/, "")
    this.credential = options.credential
    this.#fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init))
  }

  /** The address of a path, with its query. */
  url(path: string, query: Asked["query"] = {}): string {
    const found = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = new URLSearchParams(found.map(([name, value]) => [name, String(value)])).toString()
    return this.baseUrl + path + (search && `?${search}`)
  }

  /** The answer, whatever its body. Throws `PuntiniError` unless it is a success. */
  async send(path: string, asked: Asked = {}): Promise<Response> {
    const headers = new Headers(asked.headers)
    if (asked.body !== undefined && !headers.has("content-type")) headers.set("content-type", "application/json")
    if (this.credential !== undefined && typeof this.credential === "object") {
      if ("apiKey" in this.credential) headers.set("x-api-key", this.credential.apiKey)
      else headers.set("authorization", `Bearer ${this.credential.accessToken}`)
    }
    const init: RequestInit = { method: asked.method ?? "GET", headers, cache: "no-store" }
    if (asked.body !== undefined) init.body = typeof asked.body === "string" ? asked.body : JSON.stringify(asked.body)
    if (asked.signal) init.signal = asked.signal
    const answer = await this.#fetch(this.url(path, asked.query), init)
    if (!answer.ok) throw await refusal(answer)
    return answer
  }

  /** The JSON of an answer; undefined of an empty one. */
  async ask<T>(path: string, asked: Asked = {}): Promise<T> {
    const answer = await this.send(path, asked)
    return (answer.status === 204 ? undefined : await answer.json()) as T
  }
}

async function refusal(answer: Response): Promise<PuntiniError> {
  const after = Number(answer.headers.get("retry-after")) || undefined
  try {
    return new PuntiniError(await answer.json(), after)
  } catch {
    return new PuntiniError(
      { status: answer.status, code: "http", detail: `The server answered with ${answer.status}.` },
      after,
    )
  }
}
