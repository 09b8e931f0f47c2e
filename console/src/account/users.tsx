import { useState } from "preact/hooks"
import type { Page, UserChange, UserInfo } from "@puntini/client"
import { client } from "../client"
import { confirm } from "../parts/confirm"
import { Dialog } from "../parts/dialog"
import { Loading } from "../parts/loading"
import { useLoaded } from "../parts/loaded"
import { Problem, sentence } from "../parts/problem"
import { Select } from "../parts/select"
import { Time } from "../parts/time"
import { toast } from "../parts/toasts"
import { me } from "./me"
import { CredentialsForm } from "./credentials"

const ONE_PAGE = 50
const ROLES = [
  ["user", "user"],
  ["admin", "admin"],
] as const

/** Who has an account, for admins. */
export function Users() {
  const [pages, setPages] = useState(1)
  const { value: users, problem, again } = useLoaded((signal) => firstUsers(pages, signal), [pages])
  const [isAdding, setAdding] = useState(false)
  const add = async (username: string, password: string) => {
    await client.auth.register({ username, password })
    setAdding(false)
    toast(`${username} has an account: hand the password over in private.`)
    again()
  }
  return (
    <section class="card stack" aria-labelledby="users-title">
      <div class="row apart">
        <h2 id="users-title">
          Users <span class="soft count">{users?.total}</span>
        </h2>
        <button type="button" class="button" onClick={() => setAdding(true)}>
          Add a user
        </button>
      </div>
      {problem && <Problem text={problem} again={again} />}
      {!users && !problem && <Loading />}
      <ul class="lines">
        {users?.items.map((each) => (
          <UserLine key={each.username} user={each} onChange={again} />
        ))}
      </ul>
      {users && users.items.length < users.total && (
        <button type="button" class="button" onClick={() => setPages(pages + 1)}>
          More
        </button>
      )}
      {isAdding && (
        <Dialog title="Add a user" onClose={() => setAdding(false)}>
          <CredentialsForm action="Add" onSubmit={add} />
        </Dialog>
      )}
    </section>
  )
}

function UserLine({ user, onChange }: { user: UserInfo; onChange: () => void }) {
  const [isSetting, setSetting] = useState(false)
  const { username, role, disabled, last_login_at } = user
  const change = async (change: UserChange) => {
    await client.users.update(username, change).catch((error: unknown) => toast(sentence(error), "bad"))
    onChange()
  }
  const disable = async () => {
    const text = `${username}'s log-ins and keys are refused from then on; what their agents have begun goes on.`
    const yes = await confirm({ title: `Disable ${username}?`, text, action: "Disable", danger: true })
    if (yes) await change({ disabled: true })
  }
  const setPassword = async (_: string, password: string) => {
    await client.users.update(username, { password })
    setSetting(false)
    toast(`${username} has a new password, and their log-ins have ended.`)
  }
  return (
    <li class="line">
      <div class="line-main">
        <b>{username}</b> {username === me.value?.username && <span class="soft">(you)</span>}{" "}
        {disabled && <span class="badge warn">disabled</span>}
        <p class="line-about">
          <span>{last_login_at ? <>here {<Time at={last_login_at} />}</> : "never logged in"}</span>
        </p>
      </div>
      <div class="row">
        <Select
          label={`Role of ${username}`}
          options={ROLES}
          chosen={role}
          onChoose={(role) => void change({ role })}
        />
        <button type="button" class="button quiet" onClick={() => setSetting(true)}>
          Set password
        </button>
        {disabled ? (
          <button type="button" class="button quiet" onClick={() => void change({ disabled: false })}>
            Enable
          </button>
        ) : (
          <button type="button" class="button quiet danger" onClick={() => void disable()}>
            Disable
          </button>
        )}
      </div>
      {isSetting && (
        <Dialog title={`Another password for ${username}`} onClose={() => setSetting(false)}>
          <CredentialsForm username={username} action="Set the password" onSubmit={setPassword} />
        </Dialog>
      )}
    </li>
  )
}

async function firstUsers(pages: number, signal: AbortSignal): Promise<Page<UserInfo>> {
  const asked = Array.from({ length: pages }, (_, page) =>
    client.users.list({ limit: ONE_PAGE, offset: page * ONE_PAGE, signal }),
  )
  const answers = await Promise.all(asked)
  return { items: answers.flatMap((each) => each.items), total: answers[0]?.total ?? 0 }
}
