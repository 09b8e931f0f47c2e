import { randomId } from "@puntini/client"
import type { SentMessage } from "@puntini/client"
import { useRef, useState } from "preact/hooks"
import { client } from "../../client"
import { to } from "../../route"
import { Field, FormEnd, useForm } from "../form"

/** Say something to an agent; all of it is one conversation, in a session of the two. */
export function Say({ agent }: { agent: string }) {
  const [message, setMessage] = useState("")
  const [sent, setSent] = useState<SentMessage | null>(null)
  const key = useRef("") // one for each message, so that a second try says nothing twice
  const form = useForm(["message"], async () => {
    key.current ||= randomId()
    const answer = await client.agents.say(agent, message, { idempotencyKey: key.current })
    key.current = ""
    setSent(answer)
    setMessage("")
  })
  const change = (text: string) => {
    key.current = ""
    setMessage(text)
  }
  return (
    <form class="card stack" onSubmit={form.onSubmit} aria-label="Say something">
      <Field label={`Say something to ${agent}`} problem={form.of("message")}>
        <textarea
          class="input"
          rows={3}
          required
          value={message}
          onInput={(event) => change(event.currentTarget.value)}
        />
      </Field>
      <FormEnd form={form} label="Send">
        <span class="small" role="status">
          {sent && (
            <>
              It was told: its task is {sent.status}. <a href={to("sessions", sent.session_id)}>See the session</a>
            </>
          )}
        </span>
      </FormEnd>
    </form>
  )
}
