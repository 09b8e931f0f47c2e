import type { SessionState } from "@puntini/client"
import type { ComponentChildren, VNode } from "preact"
import { useEffect, useMemo, useRef } from "preact/hooks"
import { Loading } from "../parts/loading"
import { Problem } from "../parts/problem"
import { useOnline } from "../session/link"
import { Verdict } from "./approval"
import { decidedUntil, type Decision } from "./decisions"
import { MessageItem } from "./message"
import { rows, type Row } from "./rows"
import { useFollowing } from "./scroll"
import { SendingItem } from "./sending"
import type { Talk } from "./talk"
import { Work } from "./work"

interface ConversationOptions {
  talk: Talk
  state: SessionState
  blocked: string
  /** The event at which the past is shown; empty in the present. */
  at: string
  /** What stands where nothing was said yet. */
  children: ComponentChildren
}

/** What was said and done, the newest in sight. */
export function Conversation({ talk, state, blocked, at, children }: ConversationOptions) {
  const past = !!at
  const following = useFollowing()
  const earlier = past ? [] : talk.earlier.messages.value
  const sending = past ? [] : talk.outbox.waiting.value
  const { status, attempts } = talk.connection.value
  const isOnline = useOnline()
  const away = !isOnline || status === "waiting" || (status === "connecting" && (state.ready || attempts > 0))
  const messages = useMemo(() => withEarlier(earlier, state.messages), [earlier, state.messages])
  const made = talk.decisions.made.value
  const decisions = sinceFirst(past ? decidedUntil(made, at) : made, messages, !past && talk.earlier.more.value)
  const keep = useKept()
  useEffect(() => {
    if (sending.length) following.jump()
  }, [sending.at(-1)?.id])
  const named = new Set(messages.flatMap(({ agent }) => agent || [])).size > 1
  const item = (row: Row) => {
    if (row.kind === "message") {
      return keep(row.key, [row.message, named], () => <MessageItem message={row.message} named={named} />)
    }
    if (row.kind === "decision") {
      return keep(row.key, [row.decision.decidedBy], () => <Verdict item={row.decision.item} />)
    }
    const work = worked(state, row.taskId)
    return keep(
      row.key,
      [work.followed, work.task, work.plan, work.answering, ...work.approvals, blocked, past],
      () => <Work taskId={row.taskId} talk={talk} {...work} blocked={blocked} past={past} />,
    )
  }
  const empty = state.ready && !messages.length && !sending.length
  return (
    <div class="conversation">
      <div
        class="conversation-scroll"
        ref={following.scroller}
        onScroll={following.onScroll}
        onClickCapture={following.onClick}
        role="log"
        aria-live="off"
        aria-label="Conversation"
        tabIndex={0}
      >
        <div class="conversation-content" ref={following.content}>
          {!past && talk.earlier.more.value && messages[0] && (
            <EarlierButton talk={talk} before={messages[0].id} hold={following.hold} />
          )}
          {rows(messages, state, decisions).map(item)}
          {sending.map((each) => (
            <SendingItem key={each.id} sending={each} outbox={talk.outbox} away={away} />
          ))}
          {empty && children}
          {!state.ready && <Loading label="Reading what was said" />}
        </div>
      </div>
      {!following.follows && (
        <button type="button" class="button small jump" onClick={following.jump}>
          Jump to the newest
        </button>
      )}
    </div>
  )
}

/** Without those from before the first message that is shown, where there are more before it. */
function sinceFirst(decisions: readonly Decision[], [first]: SessionState["messages"], more: boolean) {
  return more && first ? decisions.filter(({ askedAt }) => askedAt > first.timestamp) : decisions
}

/** The parts of a session's state that a task's row shows. */
function worked(state: SessionState, taskId: string) {
  const task = state.tasks.find(({ task_id }) => task_id === taskId)
  return {
    followed: state.activities.get(taskId),
    task,
    answering: !!task && !!state.messages.findLast(({ task_id }) => task_id === taskId)?.partial,
    plan: state.plan?.task_id === taskId ? state.plan : null,
    approvals: state.approvals.filter(({ task_id }) => task_id === taskId),
  }
}

/** Rows whose `of` is the same as last time are the same, so that a long conversation costs little when its end changes. */
function useKept() {
  const kept = useRef(new Map<string, { of: readonly unknown[]; item: VNode }>())
  return (key: string, of: readonly unknown[], make: () => VNode): VNode => {
    const known = kept.current.get(key)
    if (known && known.of.length === of.length && of.every((each, index) => each === known.of[index])) return known.item
    const item = (
      <div class="row-item" key={key}>
        {make()}
      </div>
    )
    kept.current.set(key, { of, item })
    return item
  }
}

interface EarlierOptions {
  talk: Talk
  before: string
  hold: (work: () => Promise<unknown>) => Promise<void>
}

function EarlierButton({ talk, before, hold }: EarlierOptions) {
  const { busy, problem } = talk.earlier
  const load = () => void hold(() => talk.earlier.load(before))
  if (problem.value) return <Problem text={problem.value} again={load} />
  return (
    <button type="button" class="button quiet earlier" disabled={busy.value} onClick={load}>
      {busy.value ? "Loading …" : "Show earlier messages"}
    </button>
  )
}

function withEarlier(earlier: SessionState["messages"], messages: SessionState["messages"]): SessionState["messages"] {
  if (!earlier.length) return messages
  const known = new Set(messages.map(({ id }) => id))
  return [...earlier.filter(({ id }) => !known.has(id)), ...messages]
}
