import { signal, type ReadonlySignal, type Signal } from "@preact/signals"
import { activities } from "@puntini/client/activities"
import { SessionView, type Activity, type PuntiniEvent } from "@puntini/client"
import { client } from "../client"
import { sentence } from "../parts/problem"

/** How much of a task's log is read: what comes after that many events is left out. */
const MOST_PAGES = 20
const PAGE = 1000
const TYPES = [
  ...["reasoning", "tool_call", "step", "plan_update", "workflow_update", "approval_request", "approval_resolved"],
  ...["error", "task_started", "task_progress", "task_paused", "task_resumed"],
].join(",")

/** What was read of a task's log. */
export interface Read {
  readonly activity?: Activity
  readonly busy: boolean
  readonly problem: string
}

const NOTHING: Read = { busy: false, problem: "" }

/** What tasks did before this page followed them: read from their logs when somebody asks. */
export class Archive {
  /** Tasks of which the page has not seen the beginning. */
  readonly #missed = signal<ReadonlySet<string>>(new Set())
  readonly #reads = new Map<string, Signal<Read>>()

  /** These tasks were there before the page began to follow, or was away. */
  miss(tasks: Iterable<string>): void {
    const missed = new Set([...this.#missed.value, ...tasks])
    missed.delete("")
    this.#missed.value = missed
  }

  missed(taskId: string): boolean {
    return this.#missed.value.has(taskId)
  }

  of(taskId: string): ReadonlySignal<Read> {
    return this.#read(taskId)
  }

  /** Read a task's log, once; after a failure again. */
  async load(taskId: string): Promise<void> {
    const read = this.#read(taskId)
    if (read.value.busy || read.value.activity) return
    const asked: Read = { busy: true, problem: "" }
    read.value = asked
    const found = await folded(taskId).then(
      (activity) => ({ problem: "", ...(activity && { activity }) }),
      (error: unknown) => ({ problem: sentence(error) }),
    )
    // Unless it was forgotten meanwhile.
    if (read.value === asked) read.value = { busy: false, ...found }
  }

  /** What was read of a task may hold what is void by now: it is read again when somebody asks. */
  forget(taskId: string): void {
    this.#read(taskId).value = NOTHING
    this.miss([taskId])
  }

  #read(taskId: string): Signal<Read> {
    const known = this.#reads.get(taskId) ?? signal(NOTHING)
    this.#reads.set(taskId, known)
    return known
  }
}

async function folded(taskId: string): Promise<Activity | undefined> {
  const view = new SessionView({ activities })
  const path = `/v1/tasks/${encodeURIComponent(taskId)}/stream`
  const headers = { accept: "application/json" }
  let after = "earliest"
  for (let page = 0; page < MOST_PAGES; page++) {
    const query = { after, events: TYPES, limit: PAGE }
    const found = await client.http.ask<{ events: PuntiniEvent[]; next: string; live: boolean }>(path, {
      query,
      headers,
    })
    for (const event of found.events) view.apply(event)
    if (found.live || !found.events.length) break
    after = found.next
  }
  return view.state.activities.get(taskId)
}
