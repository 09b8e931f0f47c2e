import type { ComponentChild } from "preact"
import { useState } from "preact/hooks"
import type { MemberInfo, SessionInfo, Sharing } from "@puntini/client"
import { client } from "../client"
import { isOpen, me } from "../account/me"
import { Dialog } from "../parts/dialog"
import { Icon } from "../parts/icon"
import { Loading } from "../parts/loading"
import { useLoaded } from "../parts/loaded"
import { Problem } from "../parts/problem"
import { Select } from "../parts/select"
import { useWorking } from "../parts/working"
import { to } from "../route"
import { nameOf } from "./name"

type Shared = Sharing["role"]

/** As many as a session can have. */
const MOST = 100
const ROLES = [
  ["viewer", "may read"],
  ["editor", "may write"],
] as const

/** Who sees a session: whatever `children` draw opens the dialog. */
export function Members({
  session,
  children,
}: {
  session: SessionInfo
  children: (open: () => void) => ComponentChild
}) {
  const [isShown, setShown] = useState(false)
  return (
    <>
      {children(() => setShown(true))}
      {isShown && (
        <Dialog title={`Share “${nameOf(session)}”`} onClose={() => setShown(false)}>
          {isOpen.value ? <OpenNote /> : <MemberList session={session} />}
        </Dialog>
      )}
    </>
  )
}

function OpenNote() {
  return (
    <p class="soft">
      This server is open: whoever sits at this machine sees every session. To share with some, begin accounts on the{" "}
      <a href={to("account")}>account page</a>.
    </p>
  )
}

function MemberList({ session }: { session: SessionInfo }) {
  const { session_id: id, owner } = session
  const {
    value: members,
    problem,
    again,
  } = useLoaded((signal) => client.sessions.members.list(id, { limit: MOST, signal }), [id])
  const change = useWorking()
  const mayShare = owner === me.value?.username || me.value?.role === "admin"
  const run = (work: () => Promise<unknown>) => change.run(async () => (await work(), again()))
  if (problem) return <Problem text={problem} again={again} />
  if (!members) return <Loading label="Asking who sees it" />
  return (
    <>
      <ul class="members">
        {members.items.map((each) => (
          <Member
            key={each.user}
            member={each}
            mayShare={mayShare}
            onRole={(role) => void run(() => client.sessions.members.share(id, each.user, role))}
            onRemove={() => void run(() => client.sessions.members.remove(id, each.user))}
          />
        ))}
      </ul>
      {mayShare && (
        <NewMember
          busy={change.busy}
          onAdd={(user, role) => run(() => client.sessions.members.share(id, user, role))}
        />
      )}
      {change.problem && <Problem text={change.problem} />}
    </>
  )
}

interface MemberOptions {
  member: MemberInfo
  mayShare: boolean
  onRole: (role: Shared) => void
  onRemove: () => void
}

function Member({ member: { user, role }, mayShare, onRole, onRemove }: MemberOptions) {
  const isMe = user === me.value?.username
  return (
    <li class="row apart">
      <span>
        {user} {isMe && <span class="soft">(you)</span>}
      </span>
      <span class="row">
        {role === "owner" ? (
          <span class="badge">owner</span>
        ) : (
          <Select label={`What ${user} may do`} options={ROLES} chosen={role} onChoose={onRole} disabled={!mayShare} />
        )}
        {role !== "owner" && (mayShare || isMe) && (
          <button
            type="button"
            class="button quiet icon-only"
            aria-label={`Remove ${user}`}
            title="Remove"
            onClick={onRemove}
          >
            <Icon name="close" />
          </button>
        )}
      </span>
    </li>
  )
}

function NewMember({ busy, onAdd }: { busy: boolean; onAdd: (user: string, role: Shared) => Promise<boolean> }) {
  const [user, setUser] = useState("")
  const [role, setRole] = useState<Shared>("viewer")
  const submit = async (event: Event) => {
    event.preventDefault()
    if (await onAdd(user.trim(), role)) setUser("")
  }
  return (
    <form class="row" onSubmit={submit}>
      <input
        class="input grow"
        aria-label="Name of somebody to share with"
        placeholder="Name"
        autoCapitalize="none"
        required
        data-focus
        value={user}
        onInput={(event) => setUser(event.currentTarget.value)}
      />
      <Select label="What they may do" options={ROLES} chosen={role} onChoose={setRole} />
      <button class="button primary" disabled={busy}>
        Share
      </button>
    </form>
  )
}
