import { signal } from "@preact/signals"
import type { ActivityItem, PuntiniEvent } from "@puntini/client"
import { client } from "../client"
import { seqOf } from "../history/ids"

type Of<Type extends PuntiniEvent["type"]> = Extract<PuntiniEvent, { type: Type }>
type Asked = Of<"approval_request">
type Resolved = Of<"approval_resolved">

/** A question that was decided. */
export interface Decision {
  readonly item: Extract<ActivityItem, { kind: "approval" }>
  /** When it was asked. */
  readonly askedAt: string
  /** The event that decided it. */
  readonly decidedBy: string
}

/** The newest so many are kept. */
const MOST = 500
const MOST_PAGES = 5
const PAGE = 1000
const TYPES = "approval_request,approval_resolved"

/** What was asked and decided in a session, oldest first: also before this page began to follow it. */
export class Decisions {
  readonly made = signal<readonly Decision[]>([])
  readonly #asked = new Map<string, Asked>()
  readonly #resolved = new Map<string, Resolved>()
  readonly #session: string

  constructor(session: string) {
    this.#session = session
  }

  take(event: PuntiniEvent): void {
    if (this.#note(event)) this.#tell()
  }

  /** Read those that came before. Where that fails, each is still told by its task's log. */
  async load(): Promise<void> {
    const path = `/v1/sessions/${encodeURIComponent(this.#session)}/stream`
    const headers = { accept: "application/json" }
    let after = "earliest"
    try {
      for (let page = 0; page < MOST_PAGES; page++) {
        const query = { after, events: TYPES, limit: PAGE }
        const found = await client.http.ask<{ events: PuntiniEvent[]; next: string; live: boolean }>(path, {
          query,
          headers,
        })
        for (const event of found.events) this.#note(event)
        if (found.live || !found.events.length) break
        after = found.next
      }
    } catch {
      // The connection's own sign says that the server is away; on its return a new snapshot has it read again.
    }
    this.#tell()
  }

  #note(event: PuntiniEvent): boolean {
    if (event.type === "approval_request") bounded(this.#asked, event.data.approval_id, event)
    else if (event.type === "approval_resolved") bounded(this.#resolved, event.data.approval_id, event)
    else return false
    return true
  }

  #tell(): void {
    const made = [...this.#asked.values()].flatMap((asked) => {
      const resolved = this.#resolved.get(asked.data.approval_id)
      return resolved ? [decision(asked, resolved)] : []
    })
    this.made.value = made.sort((one, other) => one.askedAt.localeCompare(other.askedAt))
  }
}

/** Those that had been decided by an event. */
export function decidedUntil(decisions: readonly Decision[], at: string): Decision[] {
  return decisions.filter(({ decidedBy }) => seqOf(decidedBy) <= seqOf(at))
}

function decision({ data: request, agent, timestamp }: Asked, { id, data }: Resolved): Decision {
  const { approval_id, decision, by = "", value = null } = data
  const item = { kind: "approval", id: approval_id, agent: agent ?? "", request, decision, by, value } as const
  return { item, askedAt: timestamp ?? "", decidedBy: id ?? "" }
}

function bounded<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > MOST && oldest !== undefined) map.delete(oldest)
}
