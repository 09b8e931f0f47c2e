import type { PuntiniClient } from "../../../src/index.js"

/** A new session in which the scripted agent begins with `prompt`, if there is one. */
export async function session(client: PuntiniClient, prompt = ""): Promise<{ id: string; task: string }> {
  const { session_id: id } = await client.http.ask<{ session_id: string }>("/v1/sessions", { method: "POST", body: {} })
  return { id, task: prompt ? await ask(client, id, prompt) : "" }
}

/** Have the agent do something; the id of its task. */
export async function ask(client: PuntiniClient, id: string, prompt: string): Promise<string> {
  const { task_id: task } = await command(client, id, { type: "user_prompt", data: { prompt } })
  return task
}

export function command(client: PuntiniClient, id: string, body: object): Promise<{ task_id: string }> {
  return client.http.ask(`/v1/sessions/${id}/commands`, { method: "POST", body })
}

/** The ids of the whole log, read by pages. */
export async function log(client: PuntiniClient, id: string): Promise<string[]> {
  const ids: string[] = []
  for (let after = "earliest", live = false; !live;) {
    const page = await client.http.ask<{ events: { id: string }[]; next: string; live: boolean }>(
      `/v1/sessions/${id}/stream`,
      { headers: { accept: "application/json" }, query: { after, limit: 1_000 } },
    )
    ids.push(...page.events.map((event) => event.id))
    ;({ next: after, live } = page)
  }
  return ids
}
