import type { Asked, Http } from "./http.js"
import { Listing, type Page } from "./listing.js"
import { randomId } from "./random.js"

/** What every call takes. */
export interface CallOptions {
  signal?: AbortSignal | undefined
}

/** What calls take that the server makes safe to repeat. */
export interface KeyedOptions extends CallOptions {
  /** Yours, where a retry of yours shall count as the same; else one is made for the call. */
  idempotencyKey?: string | undefined
}

/** Which part of a list. */
export interface PageOptions extends CallOptions {
  /** How many to a page: 20 unless said, at most 100. */
  limit?: number | undefined
  /** How many to skip. */
  offset?: number | undefined
}

/** The kinds of requests that resources are made of. */
export class Calls {
  readonly http: Http

  constructor(http: Http) {
    this.http = http
  }

  /** `options` are those of a call (`CallOptions`), and the query. */
  get<T>(path: string, options: object = {}): Promise<T> {
    const { signal, ...query }: CallOptions & { [name: string]: unknown } = { ...options }
    return this.http.ask<T>(path, { query, signal })
  }

  /** A list that is asked for by `limit` and `offset`. */
  list<T, P extends Page<T> = Page<T>>(path: string, options: PageOptions = {}): Listing<T, P> {
    const { signal, ...query } = options
    const ask = (offset: number) => this.get<P>(path, { ...query, offset, signal })
    return new Listing<T, P, number>(ask, options.offset ?? 0, (page, offset) => {
      const next = offset + page.items.length
      return [page.items, page.items.length && next < page.total ? next : undefined]
    })
  }

  /** Make or do something, once, however often it has to be sent. `options` may hold a query, too. */
  post<T>(path: string, body: unknown, options: object = {}, more: Asked = {}): Promise<T> {
    const { signal, idempotencyKey = randomId(), ...query }: KeyedOptions & { [name: string]: unknown } = { ...options }
    return this.http.ask<T>(path, { method: "POST", query, body, idempotencyKey, signal, ...more })
  }

  /** The same where the server keeps no keys: it is sent once. */
  send<T>(method: string, path: string, body?: unknown, { signal }: CallOptions = {}): Promise<T> {
    return this.http.ask<T>(path, { method, body, signal })
  }
}

/** A path with its values made safe. */
export function path(parts: TemplateStringsArray, ...values: string[]): string {
  return String.raw({ raw: parts }, ...values.map(segment))
}

/** An address climbs at `..`, however that is written; so what has such a name is asked for by one that nothing has. */
function segment(value: string): string {
  return encodeURIComponent(value).replace(/^\.\.?$/, "%252E")
}
