import type { AuditPage, KeyInfo, MadeKey, NewKey, UserChange, UserInfo } from "@puntini/client"
import { client } from "../client"
import type { Page } from "../sessions/calls"

const MOST = 100

export function listKeys(signal: AbortSignal): Promise<Page<KeyInfo>> {
  return client.http.ask("/v1/keys", { query: { limit: MOST }, signal })
}

export function makeKey(key: NewKey): Promise<MadeKey> {
  return client.http.ask("/v1/keys", { method: "POST", body: key })
}

export function revokeKey(id: string): Promise<void> {
  return client.http.ask(`/v1/keys/${encodeURIComponent(id)}`, { method: "DELETE" })
}

export function changePassword(password: string, current: string): Promise<void> {
  return client.http.ask("/v1/me", { method: "PATCH", body: { password, current_password: current } })
}

export function listUsers(offset: number, signal: AbortSignal): Promise<Page<UserInfo>> {
  return client.http.ask("/v1/users", { query: { limit: MOST, offset }, signal })
}

export function changeUser(user: string, change: UserChange): Promise<UserInfo> {
  return client.http.ask(`/v1/users/${encodeURIComponent(user)}`, { method: "PATCH", body: change })
}

export function addUser(username: string, password: string): Promise<UserInfo> {
  return client.http.ask("/v1/register", { method: "POST", body: { username, password } })
}

/** A page of the audit log, the newest first; behind the entry `before`. */
export function listAudit(before: string, signal: AbortSignal): Promise<AuditPage> {
  return client.http.ask("/v1/audit", { query: { limit: 50, before: before || undefined }, signal })
}
