import { useRef } from "preact/hooks"
import type { Current } from "../session/current"

/** The conversation, and where one says something. */
export function Chat({ current }: { current: Current }) {
  const box = useRef<HTMLTextAreaElement>(null)
  const send = (event: Event) => {
    event.preventDefault()
    const prompt = box.current?.value.trim()
    if (!prompt || !box.current) return
    void current.live.send(prompt)
    box.current.value = ""
  }
  return (
    <div>
      {current.shown.value.messages.map((each) => (
        <p key={each.id}>
          <b>{each.role}</b> {each.content}
        </p>
      ))}
      <form onSubmit={send}>
        <textarea ref={box} aria-label="Message" />
        <button class="button primary">Send</button>
      </form>
    </div>
  )
}
