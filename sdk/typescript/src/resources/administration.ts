import { path, type CallOptions, type Calls, type PageOptions } from "../calls.js"
import { Listing } from "../listing.js"
import type { AuditEntry, AuditPage, UserChange, UserInfo } from "../resources.js"

export const users = (calls: Calls) => ({
  /** The accounts, by their names. */
  list: (options?: PageOptions) => calls.list<UserInfo>("/v1/users", options),

  /** Change somebody's role or password, or shut them out. */
  update: (user: string, changes: UserChange, options?: CallOptions) =>
    calls.send<UserInfo>("PATCH", path`/v1/users/${user}`, changes, options),
})

/** Which entries of the audit log. */
export interface AuditOptions extends CallOptions {
  who?: string
  what?: string
  /** A time. */
  since?: string
  /** The `next` of a page. */
  before?: string
  limit?: number
}

export const audit = (calls: Calls) => ({
  /** Who did what, newest first. */
  list: (options: AuditOptions = {}): Listing<AuditEntry, AuditPage, string> =>
    new Listing(
      (before) => calls.get<AuditPage>("/v1/audit", { ...options, before: before || undefined }),
      options.before ?? "",
      (page) => [page.items, page.next || undefined],
    ),
})
