import { randomId } from "@puntini/client"
import type { StartBody, WholeTemplate } from "@puntini/client"
import { useRef, useState } from "preact/hooks"
import { client } from "../../client"
import { go, to } from "../../route"
import { AgentChoice } from "../agent-choice"
import { Field, FormEnd, useForm } from "../form"

/** Begin from a template: a session of one's own with its plan and graph, and an agent that goes to work, or none. */
export function Start({ template }: { template: WholeTemplate }) {
  const [title, setTitle] = useState("")
  const [agent, setAgent] = useState("")
  const [run, setRun] = useState(true)
  const key = useRef("") // one for what is asked, so that a second try begins nothing twice
  const change = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      key.current = ""
      set(value)
    }
  }
  const form = useForm(["title", "agent", "run"], async () => {
    key.current ||= randomId()
    const body: StartBody = { run, ...(title.trim() && { title: title.trim() }), ...(agent && run && { agent }) }
    const begun = await client.templates.start(template.template_id, body, { idempotencyKey: key.current })
    go(to("sessions", begun.session_id))
  })
  return (
    <form class="card stack" onSubmit={form.onSubmit} aria-label="Begin">
      <h2>Begin</h2>
      <Field label="Title of the session" problem={form.of("title")}>
        <input
          class="input"
          value={title}
          placeholder={template.title}
          onInput={(event) => change(setTitle)(event.currentTarget.value)}
        />
      </Field>
      <fieldset class="plain stack tight">
        <legend class="hidden">What to do</legend>
        <label class="row nowrap">
          <input type="radio" name="run" checked={run} onChange={() => change(setRun)(true)} />
          Draw the plan, and let an agent begin
        </label>
        <label class="row nowrap">
          <input type="radio" name="run" checked={!run} onChange={() => change(setRun)(false)} />
          Only draw the plan
        </label>
      </fieldset>
      {run && (
        <Field label="Agent" problem={form.of("agent")}>
          <AgentChoice none="The server's first" value={agent} onChange={change(setAgent)} />
        </Field>
      )}
      <FormEnd form={form} label="Begin" />
    </form>
  )
}
