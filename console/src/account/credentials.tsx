import { useState } from "preact/hooks"
import { Field } from "../parts/field"
import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { KnownName } from "./knownname"

interface CredentialsOptions {
  /** Whose password it is; left out, it is asked for. */
  username?: string
  action: string
  onSubmit: (username: string, password: string) => Promise<unknown>
}

/** A name and a password that an admin gives to somebody. */
export function CredentialsForm({ username: known, action, onSubmit }: CredentialsOptions) {
  const [username, setUsername] = useState(known ?? "")
  const [password, setPassword] = useState("")
  const { busy, problem, run } = useWorking()
  const submit = (event: Event) => {
    event.preventDefault()
    void run(() => onSubmit(username.trim(), password))
  }
  return (
    <form class="stack" onSubmit={submit}>
      {known ? (
        <KnownName username={known} />
      ) : (
        <Field label="Name" autoComplete="off" required maxLength={63} isFirst value={username} onValue={setUsername} />
      )}
      <Field
        label="Password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        isFirst={!!known}
        value={password}
        onValue={setPassword}
      >
        10 characters or more. They can change it themselves afterwards.
      </Field>
      {problem && <Problem text={problem} />}
      <div class="row end">
        <button class="button primary" disabled={busy}>
          {action}
        </button>
      </div>
    </form>
  )
}
