import type { ReadonlySignal, Signal } from "@preact/signals"
import type { Connection, LiveSession, SessionState } from "@puntini/client"
import { createRef, type RefObject } from "preact"
import { draftOf } from "../parts/unsent"
import type { Current } from "../session/current"
import { Archive } from "./archive"
import { Decisions } from "./decisions"
import { Earlier } from "./earlier"
import { Outbox } from "./outbox"

/** A conversation that is open on the page, beside what the session's own state says. */
export interface Talk {
  readonly live: LiveSession
  readonly present: ReadonlySignal<SessionState>
  readonly connection: ReadonlySignal<Connection>
  readonly outbox: Outbox
  /** What is being written. */
  readonly draft: Signal<string>
  readonly earlier: Earlier
  readonly archive: Archive
  readonly decisions: Decisions
  /** Where one writes. */
  readonly box: RefObject<HTMLTextAreaElement>
  /** Give the focus to where one writes, when what had it is gone; not where that opens a keyboard on the screen. */
  focus(): void
  close(): void
}

export function begin(current: Current): Talk {
  const { live, present, connection } = current
  const outbox = new Outbox(live)
  const earlier = new Earlier(current.id)
  const archive = new Archive()
  const decisions = new Decisions(current.id)
  const stops = [
    current.on((event) => {
      decisions.take(event)
      if (event.type === "task_retracted") archive.forget(event.task_id ?? "")
      if (event.type !== "session_ready") return
      if (event.data.messages.length) void decisions.load()
      earlier.begin(event.data.messages.length)
      archive.miss([...event.data.messages, ...event.data.tasks].map(({ task_id }) => task_id ?? ""))
      // What runs is watched: its beginning is wanted now.
      for (const { task_id } of event.data.tasks) {
        archive.forget(task_id)
        void archive.load(task_id)
      }
    }),
    earlier.messages.subscribe((messages) => archive.miss(messages.map(({ task_id }) => task_id))),
    present.subscribe(({ messages }) => outbox.settle(messages)),
    () => outbox.close(),
  ]
  const box = createRef<HTMLTextAreaElement>()
  return {
    live,
    present,
    connection,
    outbox,
    draft: draftOf(current.id),
    earlier,
    archive,
    decisions,
    box,
    focus: () => matchMedia("(pointer: fine)").matches && box.current?.focus(),
    close: () => stops.forEach((stop) => stop()),
  }
}
