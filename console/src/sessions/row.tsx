import { useState } from "preact/hooks"
import type { SessionInfo } from "@puntini/client"
import { client } from "../client"
import { me } from "../account/me"
import { confirm } from "../parts/confirm"
import { Editable } from "../parts/editable"
import { Icon } from "../parts/icon"
import { sentence } from "../parts/problem"
import { Time } from "../parts/time"
import { toast } from "../parts/toasts"
import { to } from "../route"
import { Members } from "./members"
import { nameOf, TITLE_LIMIT } from "./name"

interface RowOptions {
  session: SessionInfo
  /** How many of its tasks have not ended. */
  tasks: number
  onChange: () => void
}

/** A session in the list. */
export function SessionRow({ session, tasks, onChange }: RowOptions) {
  const [isNaming, setNaming] = useState(false)
  const [isOpen, setOpen] = useState(false)
  const { session_id: id, title, agent, status, owner, events, updated_at } = session
  const run = async (work: () => Promise<unknown>, said: string) => {
    try {
      await work()
      if (said) toast(said)
      onChange()
    } catch (error) {
      toast(sentence(error), "bad")
    }
  }
  const rename = (title: string) => void run(() => client.sessions.update(id, { title }), "")
  const remove = async () => {
    const text = `“${nameOf(session)}” goes with its whole log: ${events} events, its graph and its messages.`
    const yes = await confirm({ title: "Delete this session?", text, action: "Delete", danger: true })
    if (yes) await run(() => client.sessions.delete(id), "The session is deleted.")
  }
  return (
    <li class="session-row" data-open={isOpen || undefined}>
      <div class="session-row-main">
        {isNaming ? (
          <Editable text={title} label="Title" longest={TITLE_LIMIT} onSave={rename} onDone={() => setNaming(false)} />
        ) : (
          <a class={`session-row-name ${title ? "" : "soft"}`} href={to("sessions", id)}>
            {nameOf(session)}
          </a>
        )}
        <p class="session-row-about">
          <Time at={updated_at} />
          <span>{agent}</span>
          <span>{events === 1 ? "1 event" : `${events} events`}</span>
          {owner !== me.value?.username && <span>by {owner}</span>}
        </p>
      </div>
      {tasks > 0 && <span class="badge accent pulse">{tasks === 1 ? "at work" : `${tasks} tasks`}</span>}
      {status === "closed" && <span class="badge">closed</span>}
      <button
        type="button"
        class="button quiet icon-only session-row-more"
        aria-label={`More about ${nameOf(session)}`}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="more" />
      </button>
      <div class="session-row-acts">
        <Act icon="edit" label={`Rename ${nameOf(session)}`} onClick={() => setNaming(true)} />
        <Members session={session}>
          {(open) => <Act icon="share" label={`Share ${nameOf(session)}`} onClick={open} />}
        </Members>
        <Act icon="remove" label={`Delete ${nameOf(session)}`} onClick={() => void remove()} />
      </div>
    </li>
  )
}

function Act({ icon, label, onClick }: { icon: "edit" | "share" | "remove"; label: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class="button quiet icon-only"
      aria-label={label}
      title={label.split(" ", 1)[0]}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  )
}
