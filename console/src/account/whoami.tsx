import { Problem } from "../parts/problem"
import { useWorking } from "../parts/working"
import { logOut } from "./door"
import { isOpen, me } from "./me"

/** Who one is here, and the way out. */
export function WhoAmI() {
  const { busy, problem, run } = useWorking()
  if (!me.value) return null
  const { username, role } = me.value
  return (
    <section class="stack">
      <div class="row apart">
        <h1>
          {username} {role === "admin" && <span class="badge accent">admin</span>}
        </h1>
        {!isOpen.value && (
          <button type="button" class="button" disabled={busy} onClick={() => void run(logOut)}>
            Log out
          </button>
        )}
      </div>
      {problem && <Problem text={problem} />}
    </section>
  )
}
