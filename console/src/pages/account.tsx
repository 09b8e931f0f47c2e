import { Appearance } from "../account/appearance"
import { Audit } from "../account/audit"
import { BeginAccounts } from "../account/begin"
import { Keys } from "../account/keys"
import { isAdmin, isOpen, me } from "../account/me"
import { PasswordForm } from "../account/password"
import { Users } from "../account/users"
import { WhoAmI } from "../account/whoami"

/** Who one is here, and what goes with it; for admins also who else there is, and what was done. */
export function AccountPage() {
  return (
    <div class="page stack">
      <WhoAmI />
      {isOpen.value && <BeginAccounts />}
      <Appearance />
      {me.value?.account && <PasswordForm />}
      <Keys />
      {isAdmin.value && !isOpen.value && <Users />}
      {isAdmin.value && <Audit />}
    </div>
  )
}
