import type { Signal } from "@preact/signals"
import { useState } from "preact/hooks"
import type { SessionInfo } from "@puntini/client"
import { me } from "../account/me"
import { confirm } from "../parts/confirm"
import { Editable } from "../parts/editable"
import { Icon } from "../parts/icon"
import { Tabs } from "../parts/tabs"
import { to } from "../route"
import { Members } from "../sessions/members"
import { nameOf, TITLE_LIMIT } from "../sessions/name"
import type { About } from "./about"
import type { Current } from "./current"
import { Link } from "./link"
import { panelOf, type Pane } from "./page"

const PANES: readonly (readonly [Pane, string])[] = [
  ["graph", "Graph"],
  ["events", "Events"],
]
const NARROW_PANES: typeof PANES = [["chat", "Chat"], ...PANES]

interface HeadOptions {
  current: Current
  about: About
  pane: Pane
  onPane: (pane: Pane) => void
  isNarrow: boolean
  isWide: Signal<boolean>
}

/** The session's name, how it is connected, what can be done with it as a whole, and what is shown beside the chat. */
export function SessionHead({ current, about, pane, onPane, isNarrow, isWide }: HeadOptions) {
  const info = about.info.value
  return (
    <header class="session-head">
      <Title info={info} about={about} />
      <Link current={current} />
      {info && <Acts info={info} about={about} isClosed={current.present.value.status === "closed"} />}
      <Tabs
        label="What is shown"
        tabs={isNarrow ? NARROW_PANES : PANES}
        chosen={pane}
        onChoose={onPane}
        panel={panelOf}
      />
      {!isNarrow && (
        <button
          type="button"
          class="button quiet icon-only"
          aria-pressed={isWide.value}
          aria-label="Use the whole width"
          title={isWide.value ? "Show the conversation again" : "Use the whole width"}
          onClick={() => (isWide.value = !isWide.value)}
        >
          <Icon name={isWide.value ? "narrow" : "widen"} />
        </button>
      )}
    </header>
  )
}

function Title({ info, about }: { info: SessionInfo | undefined; about: About }) {
  const [isNaming, setNaming] = useState(false)
  if (isNaming && info) {
    const save = (title: string) => void about.change({ title })
    return (
      <div class="session-title">
        <Editable text={info.title} label="Title" longest={TITLE_LIMIT} onSave={save} onDone={() => setNaming(false)} />
      </div>
    )
  }
  return (
    <div class="session-title">
      <a class="button quiet icon-only session-back" href={to()} aria-label="All sessions" title="All sessions">
        <Icon name="back" />
      </a>
      <h1>
        <button type="button" class="session-name" title="Rename" disabled={!info} onClick={() => setNaming(true)}>
          {info ? nameOf(info) : "\u00a0"}
        </button>
      </h1>
      {info && <span class="session-agent">{info.agent}</span>}
    </div>
  )
}

function Acts({ info, about, isClosed }: { info: SessionInfo; about: About; isClosed: boolean }) {
  const mayClose = info.owner === me.value?.username || me.value?.role === "admin"
  const close = async () => {
    const text = "What runs in it is stopped. It can still be read, and forked, but nothing more can be said in it."
    if (await confirm({ title: "Close this session?", text, action: "Close it" }))
      await about.change({ status: "closed" })
  }
  return (
    <div class="session-acts">
      <Members session={info}>
        {(open) => (
          <button type="button" class="button quiet icon-only" aria-label="Share" title="Share" onClick={open}>
            <Icon name="share" />
          </button>
        )}
      </Members>
      {isClosed || info.status === "closed" ? (
        <span class="badge">closed</span>
      ) : (
        mayClose && (
          <button
            type="button"
            class="button quiet icon-only"
            aria-label="Close the session"
            title="Close the session"
            onClick={() => void close()}
          >
            <Icon name="archive" />
          </button>
        )
      )}
    </div>
  )
}
