import type { SessionState } from "@puntini/client"
import { useEffect, useRef, useState } from "preact/hooks"

const MOST_LETTERS = 600

/** Tells screen readers what has come: answers when they are whole, questions, and tasks that failed. */
export function Announcer({ state }: { state: SessionState }) {
  const known = useRef<Set<string>>()
  const [text, setText] = useState("")
  useEffect(() => {
    if (!state.ready) return
    const news = [...said(state)]
    const fresh = known.current && news.filter(([id]) => !known.current?.has(id))
    known.current = new Set(news.map(([id]) => id))
    const last = fresh?.at(-1)
    if (last) setText(last[1])
  }, [state])
  return (
    <div class="hidden" role="status" aria-live="polite">
      {text}
    </div>
  )
}

function* said({ messages, approvals, activities }: SessionState): Generator<[id: string, text: string]> {
  for (const { id, role, partial, content } of messages) {
    if (role === "assistant" && !partial && content) yield [id, short(content)]
  }
  for (const { task_id, status, error } of activities.values()) {
    if (status === "failed") yield [`failed ${task_id}`, `The task failed. ${error}`]
  }
  for (const { approval_id, question } of approvals) yield [approval_id, `A decision for you: ${question}`]
}

function short(text: string): string {
  return text.length <= MOST_LETTERS ? text : `${text.slice(0, MOST_LETTERS)} … The answer goes on.`
}
