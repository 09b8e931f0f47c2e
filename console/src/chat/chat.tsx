import type { SendOptions } from "@puntini/client"
import { useEffect, useMemo } from "preact/hooks"
import { Fork } from "../history/fork"
import type { Current } from "../session/current"
import { Announcer } from "./announcer"
import { Composer } from "./composer"
import { Conversation } from "./conversation"
import { useFramed } from "./framed"
import { blocked } from "./rights"
import { Suggestions } from "./suggestions"
import { begin } from "./talk"
import { Tasks } from "./tasks"

/** The conversation, and where one says something. `reader` says that this person may only read. */
export function Chat({ current, reader }: { current: Current; reader: boolean }) {
  const talk = useMemo(() => begin(current), [current])
  useEffect(() => () => talk.close(), [talk])
  const state = useFramed(current.shown)
  const past = !!current.at.value
  const reason = blocked(state, current.at.value, reader)
  const send = (prompt: string, options: SendOptions = {}) => {
    void talk.outbox.send(prompt, options)
    talk.focus()
  }
  return (
    <div class="chat" data-past={past || undefined}>
      <Conversation talk={talk} state={state} blocked={reason} at={current.at.value}>
        {!reason && <Suggestions onChoose={send} />}
      </Conversation>
      {!past && (
        <Tasks tasks={state.tasks} messages={state.messages} approvals={state.approvals} talk={talk} blocked={reason} />
      )}
      {!past && state.status === "closed" && (
        <div class="chat-closed notice row apart">
          <span>A fork begins as this session ended.</span>
          <Fork session={current.id} label="Fork it" />
        </div>
      )}
      <Composer
        draft={talk.draft}
        box={talk.box}
        agent={current.present.peek().agent}
        running={state.tasks.some(({ status }) => status === "running")}
        blocked={reason}
        last={() => state.messages.findLast(({ role }) => role === "user")?.content ?? ""}
        onSend={send}
      />
      {!past && <Announcer state={state} />}
    </div>
  )
}
