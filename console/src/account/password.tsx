import { useState } from "preact/hooks"
import { client } from "../client"
import { Field } from "../parts/field"
import { Problem } from "../parts/problem"
import { toast } from "../parts/toasts"
import { useWorking } from "../parts/working"
import { KnownName } from "./knownname"
import { me } from "./me"

/** Another password for oneself. */
export function PasswordForm() {
  const [current, setCurrent] = useState("")
  const [next, setNext] = useState("")
  const { busy, problem, run } = useWorking()
  const submit = async (event: Event) => {
    event.preventDefault()
    if (!(await run(() => client.auth.changePassword({ password: next, current_password: current })))) return
    setCurrent("")
    setNext("")
    toast("Your password is changed, and your other log-ins have ended.")
  }
  return (
    <section class="card stack" aria-labelledby="password-title">
      <h2 id="password-title">Password</h2>
      <form class="stack form" onSubmit={submit}>
        <KnownName username={me.value?.username} />
        <Field
          label="Current password"
          type="password"
          autoComplete="current-password"
          required
          value={current}
          onValue={setCurrent}
        />
        <Field
          label="New password"
          type="password"
          autoComplete="new-password"
          required
          minLength={10}
          value={next}
          onValue={setNext}
        >
          10 characters or more. Your other log-ins end with the change.
        </Field>
        {problem && <Problem text={problem} />}
        <div>
          <button class="button" disabled={busy}>
            Change the password
          </button>
        </div>
      </form>
    </section>
  )
}
