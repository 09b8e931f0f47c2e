import { useState } from "preact/hooks"
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
      <label class="field">
        <span>Name</span>
        <input
          class="input"
          name="username"
          autoComplete="username"
          autoCapitalize="none"
          spellcheck={false}
          required
          value={username}
          onInput={(event) => setUsername(event.currentTarget.value)}
          data-focus={known ? undefined : true}
        />
      </label>
      <label class="field">
        <span>Password</span>
        <input
          class="input"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onInput={(event) => setPassword(event.currentTarget.value)}
          data-focus={known ? true : undefined}
        />
      </label>
      {problem && <Problem text={problem} />}
      <button class="button primary wide" disabled={busy}>
        {busy ? "Logging in" : "Log in"}
      </button>
    </form>
  )
}
