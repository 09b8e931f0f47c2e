import { path, type CallOptions, type Calls, type PageOptions } from "../calls.js"
import type {
  KeyInfo,
  LogIn,
  LoginTokens,
  MadeKey,
  MadeTicket,
  Me,
  NewKey,
  NewPassword,
  NewTicket,
  Registration,
  TokenInfo,
  UserInfo,
} from "../resources.js"

export const auth = (calls: Calls) => {
  const { http } = calls
  return {
    /** Make an account. */
    register: (body: Registration, options?: CallOptions) =>
      calls.send<UserInfo>("POST", "/v1/register", body, options),

    /** Log in, and go on with what that gives: tokens, or cookies with `cookie: true`. */
    login: async (body: LogIn, { signal }: CallOptions = {}): Promise<LoginTokens> => {
      if (body.cookie) http.use("cookie")
      const made = await http.ask<LoginTokens>("/v1/login", { method: "POST", body, signal, anonymous: true })
      http.use(body.cookie ? "cookie" : { accessToken: made.access_token, refreshToken: made.refresh_token })
      return made
    },

    /** End the log-in, and show nothing from now on (with cookies: what the browser has, which is nothing). */
    logout: async (options?: CallOptions): Promise<void> => {
      const { credential } = http
      const refresh_token =
        typeof credential === "object" && "refreshToken" in credential ? credential.refreshToken : undefined
      await calls.send("POST", "/v1/logout", { refresh_token }, options)
      http.use(credential === "cookie" ? credential : undefined)
    },

    /** Get the next tokens before they are due; whether there are any. */
    refresh: () => http.refresh(),

    /** Whether the credential is good, and how long. */
    check: (options?: CallOptions) => calls.get<TokenInfo>("/v1/token", options),

    /** Who one is here. */
    me: (options?: CallOptions) => calls.get<Me>("/v1/me", options),

    /** One's other log-ins end. */
    changePassword: (body: NewPassword, options?: CallOptions) => calls.send<void>("PATCH", "/v1/me", body, options),

    /** A ticket for one stream, for what can send no headers. */
    ticket: (body: NewTicket, options?: CallOptions) => calls.send<MadeTicket>("POST", "/v1/tickets", body, options),

    /** API keys. */
    keys: {
      /** The answer shows the key, this once. */
      create: (body: NewKey, options?: CallOptions) => calls.send<MadeKey>("POST", "/v1/keys", body, options),
      /** Yours, newest first; an admin sees those of `user`. */
      list: (options?: PageOptions & { user?: string }) => calls.list<KeyInfo>("/v1/keys", options),
      revoke: (id: string, options?: CallOptions) =>
        calls.send<void>("DELETE", path`/v1/keys/${id}`, undefined, options),
    },
  }
}
