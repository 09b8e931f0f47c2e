import type { AgentInfo, MemberInfo, SessionInfo, SessionPatch, TaskInfo } from "@puntini/client"
import { client } from "../client"

export interface Page<T> {
  items: T[]
  total: number
}

export type Shared = "editor" | "viewer"

const ONE_PAGE = 50
const MOST = 100
const TITLE = 80

/** The newest sessions, so many pages of them. */
export async function listSessions(pages: number, status: string, signal: AbortSignal): Promise<Page<SessionInfo>> {
  const asked = Array.from({ length: pages }, (_, page) => {
    const query = { limit: ONE_PAGE, offset: page * ONE_PAGE, status: status || undefined }
    return client.http.ask<Page<SessionInfo>>("/v1/sessions", { query, signal })
  })
  const answers = await Promise.all(asked)
  // Between two pages a new session may push one from the first to the second.
  const items = new Map(answers.flatMap((each) => each.items).map((each) => [each.session_id, each]))
  return { items: [...items.values()], total: answers[0]?.total ?? 0 }
}

/** In how many sessions something runs, waits or is queued: how many tasks each has. */
export async function countTasks(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.http.ask<Page<TaskInfo>>("/v1/tasks", { query: { limit: MOST }, signal })
  const counts = new Map<string, number>()
  for (const { session_id } of items) counts.set(session_id, (counts.get(session_id) ?? 0) + 1)
  return counts
}

export async function listAgents(signal: AbortSignal): Promise<AgentInfo[]> {
  return (await client.http.ask<Page<AgentInfo>>("/v1/agents", { query: { limit: MOST }, signal })).items
}

export function getSession(id: string, signal: AbortSignal): Promise<SessionInfo> {
  return client.http.ask(at(id), { signal })
}

export function createSession(title: string, agent: string): Promise<SessionInfo> {
  return client.http.ask("/v1/sessions", { method: "POST", body: { title, agent } })
}

/** A session that begins with a prompt, and is called by it. Returns its id. */
export async function beginSession(prompt: string, agent: string): Promise<string> {
  const { session_id } = await createSession(titleOf(prompt), agent)
  const body = { type: "user_prompt", data: { prompt } }
  await client.http.ask(`${at(session_id)}/commands`, { method: "POST", body })
  return session_id
}

export function changeSession(id: string, change: SessionPatch): Promise<SessionInfo> {
  return client.http.ask(at(id), { method: "PATCH", body: change })
}

export function deleteSession(id: string): Promise<void> {
  return client.http.ask(at(id), { method: "DELETE" })
}

export async function listMembers(id: string, signal: AbortSignal): Promise<MemberInfo[]> {
  return (await client.http.ask<Page<MemberInfo>>(`${at(id)}/members`, { query: { limit: MOST }, signal })).items
}

export function putMember(id: string, user: string, role: Shared): Promise<MemberInfo> {
  return client.http.ask(member(id, user), { method: "PUT", body: { role } })
}

export function removeMember(id: string, user: string): Promise<void> {
  return client.http.ask(member(id, user), { method: "DELETE" })
}

/** The first line of a prompt, as far as a title should go. */
export function titleOf(prompt: string): string {
  const line = prompt.trim().split("\n", 1)[0] ?? ""
  return line.length <= TITLE ? line : `${line.slice(0, TITLE - 1).trimEnd()}…`
}

function at(id: string): string {
  return `/v1/sessions/${encodeURIComponent(id)}`
}

function member(id: string, user: string): string {
  return `${at(id)}/members/${encodeURIComponent(user)}`
}
