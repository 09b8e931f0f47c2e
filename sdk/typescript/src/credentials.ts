/** A pair of tokens, as a log-in gives it. */
export interface Tokens {
  accessToken: string
  refreshToken?: string
}

/**
 * What a client shows to the server. `"cookie"` is for pages that the server itself serves: the browser sends its
 * HttpOnly cookies along, and a log-in is refreshed by them. Left out, nothing is shown (open mode).
 */
export type Credential =
  | { apiKey: string }
  | (Tokens & { onRefresh?: (tokens: Tokens) => void })
  | "cookie"
  | (() => Promise<{ apiKey: string } | Tokens>)
