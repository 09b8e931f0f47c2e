import { useMemo, useRef, useState } from "preact/hooks"
import { Icon } from "../parts/icon"
import { Problem } from "../parts/problem"
import { draftOf } from "../parts/unsent"
import { useWorking } from "../parts/working"
import { go, to } from "../route"
import { AgentChoice } from "./agents"
import { client } from "../client"
import { beginSession } from "./calls"

const EXAMPLES = [
  "Create a project management graph",
  "Create a Person called Ada and a Person called Bob, and connect them",
  "What can you do?",
]

/** Where a session begins: somebody writes what they want, and is in it. */
export function Start({ isFirst }: { isFirst: boolean }) {
  const draft = useMemo(() => draftOf("start"), [])
  const prompt = draft.value
  const setPrompt = (text: string) => (draft.value = text)
  const [agent, setAgent] = useState("")
  const box = useRef<HTMLTextAreaElement>(null)
  const { busy, problem, run } = useWorking()
  const begin = () =>
    run(async () => {
      const session = await beginSession(prompt.trim(), agent)
      draft.value = ""
      go(to("sessions", session))
    })
  const beginEmpty = () => run(async () => go(to("sessions", (await client.sessions.create({ agent })).session_id)))
  const submit = (event: Event) => {
    event.preventDefault()
    if (prompt.trim()) void begin()
  }
  const press = (event: KeyboardEvent) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event)
  }
  const take = (example: string) => {
    setPrompt(example)
    box.current?.focus()
  }
  return (
    <section class={`start stack ${isFirst ? "first" : ""}`} aria-labelledby="start-title">
      <h1 id="start-title">What shall we work on?</h1>
      <form class="start-box" onSubmit={submit}>
        <textarea
          ref={box}
          class="start-text"
          aria-label="Your request"
          placeholder="Ask for something, and watch the graph grow"
          rows={isFirst ? 3 : 2}
          value={prompt}
          onInput={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={press}
        />
        <div class="start-foot">
          <AgentChoice chosen={agent} onChoose={setAgent} />
          <div class="start-acts">
            <button type="button" class="button quiet" aria-label="Empty session" disabled={busy} onClick={beginEmpty}>
              <Icon name="plus" />
              <span class="start-word">Empty session</span>
            </button>
            <button class="button primary" disabled={busy || !prompt.trim()}>
              Begin <Icon name="send" />
            </button>
          </div>
        </div>
      </form>
      {problem && <Problem text={problem} />}
      {isFirst && (
        <div class="row" role="group" aria-label="Examples">
          {EXAMPLES.map((each) => (
            <button key={each} type="button" class="chip" onClick={() => take(each)}>
              {each}
            </button>
          ))}
        </div>
      )}
    </section>
  )
}
