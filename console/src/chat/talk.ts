import type { ReadonlySignal } from "@preact/signals"
import type { LiveSession, SessionState } from "@puntini/client"
import { createRef, type RefObject } from "preact"
import type { Current } from "../session/current"
import { Archive } from "./archive"
import { Earlier } from "./earlier"
import { Outbox } from "./outbox"

/** A conversation that is open on the page, beside what the session's own state says. */
export interface Talk {
  readonly live: LiveSession
  readonly present: ReadonlySignal<SessionState>
  readonly outbox: Outbox
  readonly earlier: Earlier
  readonly archive: Archive
  /** Where one writes. */
  readonly box: RefObject<HTMLTextAreaElement>
  /** Give the focus to where one writes, when what had it is gone; not where that opens a keyboard on the screen. */
  focus(): void
  close(): void
}

export function begin(current: Current): Talk {
  const { live, present } = current
  const outbox = new Outbox(live)
  const earlier = new Earlier(current.id)
  const archive = new Archive()
  const stops = [
    current.on((event) => {
      if (event.type === "task_retracted") archive.forget(event.task_id ?? "")
      if (event.type !== "session_ready") return
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
  ]
  const box = createRef<HTMLTextAreaElement>()
  return {
    live,
    present,
    outbox,
    earlier,
    archive,
    box,
    focus: () => matchMedia("(pointer: fine)").matches && box.current?.focus(),
    close: () => stops.forEach((stop) => stop()),
  }
}
