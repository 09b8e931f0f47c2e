import { useState } from "preact/hooks"
import { Field } from "../parts/field"
import { Problem } from "../parts/problem"
import { toast } from "../parts/toasts"
import { useWorking } from "../parts/working"
import { beginAccounts } from "./door"

/** What open mode is, and how it ends: with the first account. */
export function BeginAccounts() {
  const [isBeginning, setBeginning] = useState(false)
  return (
    <section class="card stack" aria-labelledby="open-title">
      <h2 id="open-title">This server is open</h2>
      <p class="soft">
        Whoever sits at this machine may use it without a log-in, as the admin <b>local</b>. That is fine for one person
        at one machine. With the first account open mode ends, at once and for good: from then on everybody logs in, and
        keys that were made until then are good no more. Your sessions stay, and the first account, an admin's, sees
        them. Documents and templates of your own stay with <b>local</b>: add them again.
      </p>
      {isBeginning ? (
        <FirstAccount onCancel={() => setBeginning(false)} />
      ) : (
        <div>
          <button type="button" class="button" onClick={() => setBeginning(true)}>
            Make the first account
          </button>
        </div>
      )}
    </section>
  )
}

function FirstAccount({ onCancel }: { onCancel: () => void }) {
  const [username, setUsername] = useState("")
  const [password, setPassword] = useState("")
  const { busy, problem, run } = useWorking()
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await run(() => beginAccounts(username.trim(), password))) toast("You are logged in: open mode has ended.")
  }
  return (
    <form class="stack form" onSubmit={submit}>
      <Field label="Name" name="username" autoComplete="username" required value={username} onValue={setUsername} />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={10}
        value={password}
        onValue={setPassword}
      >
        10 characters or more; a few words that only you would put together are best.
      </Field>
      {problem && <Problem text={problem} />}
      <div class="row">
        <button class="button primary" disabled={busy}>
          Make it, and end open mode
        </button>
        <button type="button" class="button quiet" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </form>
  )
}
