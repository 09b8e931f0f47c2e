import type { Page, SessionInfo } from "@puntini/client"
import { client } from "../client"
import { titleOf } from "./name"

const ONE_PAGE = 50
const MOST = 100

/** The newest sessions, so many pages of them. */
export async function listSessions(
  pages: number,
  status: "active" | "closed" | undefined,
  signal: AbortSignal,
): Promise<Page<SessionInfo>> {
  const asked = Array.from({ length: pages }, (_, page) =>
    client.sessions.list({ limit: ONE_PAGE, offset: page * ONE_PAGE, ...(status && { status }), signal }),
  )
  const answers = await Promise.all(asked)
  // Between two pages a new session may push one from the first to the second.
  const items = new Map(answers.flatMap((each) => each.items).map((each) => [each.session_id, each]))
  return { items: [...items.values()], total: answers[0]?.total ?? 0 }
}

/** In which sessions something runs, waits or is queued, and how many tasks that is in each. */
export async function countTasks(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
  const { items } = await client.tasks.list({ limit: MOST, signal })
  const counts = new Map<string, number>()
  for (const { session_id } of items) counts.set(session_id, (counts.get(session_id) ?? 0) + 1)
  return counts
}

/** A session that begins with a prompt, and is called by it. Returns its id. */
export async function beginSession(prompt: string, agent: string): Promise<string> {
  const { session_id } = await client.sessions.create({ title: titleOf(prompt), agent })
  await client.sessions.command(session_id, { type: "user_prompt", data: { prompt } })
  return session_id
}
