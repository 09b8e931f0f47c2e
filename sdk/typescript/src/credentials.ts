import { PuntiniError } from "./errors.js"
import { pause } from "./pause.js"
import type { LoginTokens } from "./resources.js"

/** A pair of tokens, as a log-in gives it. */
export interface Tokens {
  accessToken: string
  refreshToken?: string
}

/**
 * What a client shows to the server. Left out, nothing is shown (open mode).
 *
 * - Tokens are refreshed before they end, and the object is kept up to date in place. It is read for each request, so its
 *   properties may be accessors of what several tabs share, as `localStorage`.
 * - `"cookie"` is for pages that the server itself serves: the browser sends its HttpOnly cookies along.
 * - A function is asked for a credential before the first request, and again when that one is not good any more.
 */
export type Credential =
  | { apiKey: string }
  | (Tokens & { onRefresh?: (tokens: Tokens) => void })
  | "cookie"
  | (() => Promise<{ apiKey: string } | Tokens>)

type Shown = { apiKey: string } | (Tokens & { onRefresh?: (tokens: Tokens) => void }) | undefined

const EARLY_MS = 30_000
const OTHERS_MS = 200
const OTHERS_TRIES = 15

/** Shows a credential, and gets the next one: once, however many ask for it. */
export class Keyring {
  /** Counts what was shown: who was refused with an older one needs no refresh. */
  generation = 0
  #credential: Credential | undefined
  readonly #renew: (refreshToken?: string) => Promise<LoginTokens>
  #given: Promise<Shown> | undefined
  #due = Infinity
  #renewing: Promise<boolean> | undefined

  /** `renew` asks the server for the next tokens. */
  constructor(credential: Credential | undefined, renew: (refreshToken?: string) => Promise<LoginTokens>) {
    this.#renew = renew
    this.use(credential)
  }

  get credential(): Credential | undefined {
    return this.#credential
  }

  /** Show this from now on. */
  use(credential: Credential | undefined): void {
    this.#credential = credential
    this.#given = undefined
    this.#due = typeof credential === "object" && "accessToken" in credential ? endOf(credential.accessToken) : Infinity
    this.generation++
  }

  /** What requests say of who sends them. */
  async headers(): Promise<Record<string, string>> {
    const shown = await this.#shown()
    if (!shown) return {}
    return "apiKey" in shown ? { "x-api-key": shown.apiKey } : { authorization: `Bearer ${shown.accessToken}` }
  }

  /** The same for a WebSocket, which can send no headers; empty where there is nothing, or a cookie says it. */
  async subprotocols(): Promise<string[]> {
    const shown = await this.#shown()
    if (!shown) return []
    return ["apiKey" in shown ? `apikey.${shown.apiKey}` : `bearer.${shown.accessToken}`]
  }

  /**
   * Get the next credential, unless there is a newer one than that of `generation`; whether there is one to try with.
   *
   * Throws `PuntiniError` where the server can't tell now.
   */
  refresh(generation = this.generation): Promise<boolean> {
    if (generation < this.generation) return Promise.resolve(true)
    this.#renewing ??= this.#next()
      .then((found) => {
        if (found) this.generation++
        return found
      })
      .finally(() => (this.#renewing = undefined))
    return this.#renewing
  }

  async #shown(): Promise<Shown> {
    const credential = this.#credential
    if (credential === undefined || credential === "cookie") return undefined
    if (typeof credential === "function") return this.#given ?? this.#asked(credential)
    if (Date.now() > this.#due - EARLY_MS || this.#renewing) await this.refresh()
    return credential
  }

  #next(): Promise<boolean> {
    const credential = this.#credential
    if (credential === "cookie") return alone(() => this.#byCookie())
    if (typeof credential === "function") return this.#again(credential)
    if (credential && "accessToken" in credential && credential.refreshToken) return this.#exchanged(credential)
    return Promise.resolve(false)
  }

  async #again(ask: () => Promise<Shown>): Promise<boolean> {
    const before = JSON.stringify(await this.#given)
    return JSON.stringify(await this.#asked(ask)) !== before
  }

  /** One answer for all who wait for it; one that fails is asked for again. */
  #asked(ask: () => Promise<Shown>): Promise<Shown> {
    const given = (this.#given = ask())
    given.catch(() => {
      if (this.#given === given) this.#given = undefined
    })
    return given
  }

  async #byCookie(): Promise<boolean> {
    const status = await this.#renew().then(() => 200, statusOf)
    return status === 200 || status === 409 // 409: another tab has just done it
  }

  async #exchanged(tokens: Tokens & { onRefresh?: (tokens: Tokens) => void }): Promise<boolean> {
    const before = tokens.accessToken
    this.#due = Infinity
    try {
      const made = await this.#renew(tokens.refreshToken)
      const next = { accessToken: made.access_token, refreshToken: made.refresh_token }
      // What has no setter is brought up to date by `onRefresh`.
      for (const [name, value] of Object.entries(next)) Reflect.set(tokens, name, value)
      // By this machine's own clock, which may be wrong.
      this.#due = Date.now() + made.expires_in * 1_000
      tokens.onRefresh?.(next)
      return true
    } catch (error) {
      if (statusOf(error) !== 409) return false
    }
    // Somebody who shares the tokens has just done it, and will say what came.
    for (let tries = 0; tokens.accessToken === before && tries < OTHERS_TRIES; tries++) await pause(OTHERS_MS)
    return tokens.accessToken !== before
  }
}

/** The status of a refusal that says something of the credential; throws what says nothing of it. */
function statusOf(error: unknown): number {
  if (error instanceof PuntiniError && !error.retryable) return error.status
  throw error
}

/** Do `work` in one tab at a time. Who finds another at it waits until that is done, and has what it got. */
async function alone(work: () => Promise<boolean>): Promise<boolean> {
  // There are none in Node, nor in pages that came by plain HTTP from another machine: the server copes (409).
  const locks = globalThis.navigator?.locks
  if (!locks) return work()
  const name = "puntini refresh"
  return locks.request(name, { ifAvailable: true }, (lock) => (lock ? work() : locks.request(name, async () => true)))
}

/** When a JWT ends, in milliseconds since 1970; never, as far as can be read, where it is none. */
function endOf(token: string): number {
  try {
    const said: unknown = JSON.parse(atob((token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/")))
    return Number((said as { exp?: unknown }).exp) * 1_000 || Infinity
  } catch {
    return Infinity
  }
}
