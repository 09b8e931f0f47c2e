import { useState } from "preact/hooks"
import type { MadeKey, NewKey } from "@puntini/client"
import { client } from "../client"
import { Field } from "../parts/field"
import { Problem } from "../parts/problem"
import { Select } from "../parts/select"
import { useWorking } from "../parts/working"
import { me } from "./me"

type Scope = NonNullable<NewKey["scopes"]>[number]

const SCOPES: readonly (readonly [Scope, string])[] = [
  ["read", "read: see what you see"],
  ["write", "write: begin and change what you may"],
  ["admin", "admin: what only admins may"],
]
const DAY = 86_400
const ENDS = [
  ["30", "in 30 days"],
  ["90", "in 90 days"],
  ["365", "in a year"],
  ["", "never"],
] as const

/** What a new key is called, what it opens, and until when. */
export function NewKeyForm({ onMade }: { onMade: (made: MadeKey) => void }) {
  const [name, setName] = useState("")
  const [scopes, setScopes] = useState<readonly Scope[]>(["read", "write"])
  const [days, setDays] = useState<(typeof ENDS)[number][0]>("90")
  const { busy, problem, run } = useWorking()
  const submit = (event: Event) => {
    event.preventDefault()
    const key = { name: name.trim(), scopes: [...scopes], expires_in: days ? Number(days) * DAY : null }
    void run(async () => onMade(await client.auth.keys.create(key)))
  }
  const toggle = (scope: Scope) =>
    setScopes(scopes.includes(scope) ? scopes.filter((each) => each !== scope) : [...scopes, scope])
  return (
    <form class="stack" onSubmit={submit}>
      <Field label="Name" required isFirst value={name} onValue={setName}>
        By which you know it again: “nightly import”.
      </Field>
      <fieldset class="field">
        <legend>Scopes</legend>
        {SCOPES.filter(([scope]) => me.value?.scopes.includes(scope)).map(([scope, text]) => (
          <label key={scope} class="check">
            <input type="checkbox" checked={scopes.includes(scope)} onChange={() => toggle(scope)} />
            {text}
          </label>
        ))}
      </fieldset>
      <div class="field">
        <span aria-hidden="true">It ends</span>
        <Select label="It ends" options={ENDS} chosen={days} onChoose={setDays} />
      </div>
      {problem && <Problem text={problem} />}
      <div class="row end">
        <button class="button primary" disabled={busy || scopes.length === 0}>
          Make the key
        </button>
      </div>
    </form>
  )
}
