import { client } from "../../client"
import { Field, type Form } from "../form"
import { useLive } from "../live"
import { Picks } from "../picks"
import type { Draft } from "./create"

interface Team {
  draft: Draft
  change: (part: Partial<Draft>) => void
  form: Form
}

/** Who is in a team, and how long it goes on. */
export function TeamFields({ draft, change, form }: Team) {
  const agents = useLive("members", (signal) => client.agents.list({ limit: 100, signal }))
  const choices = (agents.value?.items ?? [])
    .filter(({ model, manner }) => model && manner === null)
    .map(({ name, role }) => ({ name, detail: role }))
  const chat = draft.manner === "group_chat"
  return (
    <>
      <Picks
        label={chat ? "Members, two or more" : "Members"}
        choices={choices}
        chosen={draft.members}
        problem={form.of("members") || agents.problem}
        onChange={(members) => change({ members })}
      />
      <Field
        label={chat ? "Turns at most" : "Pieces of work at most"}
        problem={form.of("max_turns")}
        hint="From 1 to 200."
      >
        <input
          class="input"
          type="number"
          min={1}
          max={200}
          value={draft.turns}
          onInput={(event) => change({ turns: event.currentTarget.value })}
        />
      </Field>
      {chat && (
        <Field
          label="Ends when a member says"
          problem={form.of("until")}
          hint="May be left out: then all turns are taken."
        >
          <input class="input" value={draft.until} onInput={(event) => change({ until: event.currentTarget.value })} />
        </Field>
      )}
    </>
  )
}
