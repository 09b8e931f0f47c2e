import { Dialog } from "../parts/dialog"
import { isEnded } from "./ended"
import { LoginForm } from "./login"
import { me } from "./me"

/** Where a log-in that has ended is begun again: what was typed on the page stays, and what waited goes on. */
export function LoginAgain() {
  if (!isEnded.value || !me.value) return null
  return (
    <Dialog title="Log in to go on">
      <p class="soft">Your log-in has ended. The page is as you left it, and goes on when you are back.</p>
      <LoginForm username={me.value.account?.username} />
    </Dialog>
  )
}
