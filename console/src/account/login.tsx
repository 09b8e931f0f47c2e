import { useState } from "preact/hooks"
import { Field } from "../parts/field"
import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { logIn } from "./door"

/** Name and password. Once the server has taken them, every tab goes on. */
export function LoginForm({ username: known = "" }: { username?: string | undefined }) {
  const [username, setUsername] = useState(known)
  const [password, setPassword] = useState("")
  const { busy, problem, run } = useWorking()
  const submit = (event: Event) => {
    event.preventDefault()
    void run(() => logIn(username.trim(), password))
  }
  return (
    <form class="stack" onSubmit={submit}>
      <Field
        label="Name"
        name="username"
        autoComplete="username"
        required
        value={username}
        onValue={setUsername}
        isFirst={!known}
      />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
        value={password}
        onValue={setPassword}
        isFirst={!!known}
      />
      {problem && <Problem text={problem} />}
      <button class="button primary wide" disabled={busy}>
        {busy ? "Logging in" : "Log in"}
      </button>
    </form>
  )
}
