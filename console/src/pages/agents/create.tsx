import type { AgentBody } from "@puntini/client"
import { useState } from "preact/hooks"
import { client } from "../../client"
import { useTitle } from "../../parts/title"
import { go, to } from "../../route"
import { Field, FormEnd, useForm } from "../form"
import { PageHead } from "../head"
import { useLive } from "../live"
import { lines } from "../lines"
import { Picks } from "../picks"
import { TeamFields } from "./team"

const FIELDS: readonly (keyof AgentBody)[] = [
  "name",
  "role",
  "capabilities",
  "reason",
  "instructions",
  "tools",
  "members",
  "manner",
  "max_turns",
  "until",
]

const REQUIRED = ["name", "role", "reason"] as const

/** What is filled in; `tools` is null where the agent gets those that `puntini` has. */
export interface Draft {
  readonly name: string
  readonly role: string
  readonly capabilities: string
  readonly reason: string
  readonly instructions: string
  readonly tools: readonly string[] | null
  readonly members: readonly string[]
  /** Empty for an agent that is no team. */
  readonly manner: "" | "group_chat" | "supervisor"
  readonly turns: string
  readonly until: string
}

const BLANK: Draft = {
  name: "",
  role: "",
  capabilities: "",
  reason: "",
  instructions: "",
  tools: null,
  members: [],
  manner: "",
  turns: "20",
  until: "",
}

function body(draft: Draft): AgentBody {
  const { name, role, reason, instructions } = draft
  const common = { name: name.trim(), role, reason, instructions, capabilities: lines(draft.capabilities) }
  if (!draft.manner) return { ...common, ...(draft.tools && { tools: [...draft.tools] }) }
  return {
    ...common,
    members: [...draft.members],
    manner: draft.manner,
    max_turns: Number(draft.turns),
    ...(draft.manner === "group_chat" && draft.until && { until: draft.until }),
  }
}

/** A form for an agent, or a team of agents. */
export function CreateAgent() {
  useTitle("New agent")
  const [draft, setDraft] = useState(BLANK)
  const change = (part: Partial<Draft>) => setDraft((was) => ({ ...was, ...part }))
  const form = useForm(
    FIELDS,
    async () => {
      const made = await client.agents.create(body(draft))
      go(to("agents", made.agent_id))
    },
    () => REQUIRED.filter((name) => !draft[name].trim()),
  )
  return (
    <div class="page narrow stack">
      <PageHead title="New agent" up={[to("agents"), "Agents"]} />
      <form class="stack" onSubmit={form.onSubmit} noValidate>
        <p class="soft small">Fields with * have to be filled in.</p>
        <Field label="Name" required problem={form.of("name")} hint="A letter first, then letters, digits, _ and -.">
          <input class="input" value={draft.name} onInput={(event) => change({ name: event.currentTarget.value })} />
        </Field>
        <Field label="Role" required problem={form.of("role")} hint="What it is for; its model is told.">
          <textarea
            class="input"
            rows={2}
            value={draft.role}
            onInput={(event) => change({ role: event.currentTarget.value })}
          />
        </Field>
        <Field label="Capabilities" problem={form.of("capabilities")} hint="What it can do, one a line.">
          <textarea
            class="input"
            rows={3}
            value={draft.capabilities}
            onInput={(event) => change({ capabilities: event.currentTarget.value })}
          />
        </Field>
        <Field label="Reason" required problem={form.of("reason")} hint="Why it is needed.">
          <input
            class="input"
            value={draft.reason}
            onInput={(event) => change({ reason: event.currentTarget.value })}
          />
        </Field>
        <Field label="Instructions" problem={form.of("instructions")} hint="May be left out.">
          <textarea
            class="input"
            rows={5}
            value={draft.instructions}
            onInput={(event) => change({ instructions: event.currentTarget.value })}
          />
        </Field>
        <Field label="It works" problem={form.of("manner")}>
          <select
            class="input"
            value={draft.manner}
            onChange={(event) => change({ manner: asManner(event.currentTarget.value) })}
          >
            <option value="">by itself, with tools</option>
            <option value="supervisor">as a team: a supervisor hands out the work</option>
            <option value="group_chat">as a team: a group chat takes turns</option>
          </select>
        </Field>
        {draft.manner ? (
          <TeamFields draft={draft} change={change} form={form} />
        ) : (
          <ToolFields tools={draft.tools} problem={form.of("tools")} change={(tools) => change({ tools })} />
        )}
        <FormEnd form={form} label="Create" cancel={to("agents")} />
      </form>
    </div>
  )
}

function asManner(value: string): Draft["manner"] {
  return value === "group_chat" || value === "supervisor" ? value : ""
}

interface Tools {
  tools: readonly string[] | null
  problem: string
  change: (tools: readonly string[] | null) => void
}

function ToolFields({ tools, problem, change }: Tools) {
  const all = useLive("tools", (signal) => client.tools({ limit: 100, signal }))
  const choices = (all.value?.items ?? []).map(({ name, description, consent }) => ({
    name,
    detail: consent ? `${description} A person is asked before each call.` : description,
  }))
  return (
    <>
      <label class="row">
        <input
          type="checkbox"
          checked={tools === null}
          onChange={(event) => change(event.currentTarget.checked ? null : [])}
        />
        It has all the tools that puntini has
      </label>
      {tools !== null && (
        <Picks label="Tools" choices={choices} chosen={tools} problem={problem || all.problem} onChange={change} />
      )}
    </>
  )
}
