import { useState } from "preact/hooks"
import type { KeyInfo, MadeKey } from "@puntini/client"
import { client } from "../client"
import { confirm } from "../parts/confirm"
import { Copy } from "../parts/copy"
import { Dialog } from "../parts/dialog"
import { Loading } from "../parts/loading"
import { useLoaded } from "../parts/loaded"
import { Problem, sentence } from "../parts/problem"
import { Time } from "../parts/time"
import { toast } from "../parts/toasts"
import { NewKeyForm } from "./newkey"

/** As many as can be good at once. */
const MOST = 100

/** One's API keys: what there is, another one, and the end of one. */
export function Keys() {
  const { value: keys, problem, again } = useLoaded((signal) => client.auth.keys.list({ limit: MOST, signal }), [])
  const [isMaking, setMaking] = useState(false)
  const [made, setMade] = useState<MadeKey>()
  const take = (key: MadeKey) => {
    setMaking(false)
    setMade(key)
    again()
  }
  return (
    <section class="card stack" aria-labelledby="keys-title">
      <div class="row apart">
        <h2 id="keys-title">API keys</h2>
        <button type="button" class="button" onClick={() => setMaking(true)}>
          New key
        </button>
      </div>
      <p class="soft">For programs: scripts, services, CI. Who has a key does what its scopes allow, in your name.</p>
      {problem && <Problem text={problem} again={again} />}
      {!keys && !problem && <Loading />}
      {keys && keys.items.length > 0 && (
        <ul class="lines">
          {keys.items.map((each) => (
            <KeyLine key={each.key_id} info={each} onChange={again} />
          ))}
        </ul>
      )}
      {isMaking && (
        <Dialog title="New API key" onClose={() => setMaking(false)}>
          <NewKeyForm onMade={take} />
        </Dialog>
      )}
      {made && <ShownOnce made={made} onClose={() => setMade(undefined)} />}
    </section>
  )
}

function KeyLine({ info, onChange }: { info: KeyInfo; onChange: () => void }) {
  const hasEnded = info.revoked || (info.expires_at !== null && Date.parse(info.expires_at) < Date.now())
  const revoke = async () => {
    const text = `Programs that use “${info.name}” are refused from then on, and what they have open ends.`
    if (!(await confirm({ title: "Revoke this key?", text, action: "Revoke", danger: true }))) return
    await client.auth.keys.revoke(info.key_id).catch((error: unknown) => toast(sentence(error), "bad"))
    onChange()
  }
  return (
    <li class="line">
      <div class="line-main">
        <b class={hasEnded ? "soft" : ""}>{info.name}</b>
        <p class="line-about">
          <span>{info.scopes.join(", ")}</span>
          <span>
            made <Time at={info.created_at} />
          </span>
          <span>{info.last_used_at ? <>used {<Time at={info.last_used_at} />}</> : "never used"}</span>
          {info.expires_at && !hasEnded && (
            <span>
              ends <Time at={info.expires_at} />
            </span>
          )}
        </p>
      </div>
      {hasEnded ? (
        <span class="badge">{info.revoked ? "revoked" : "ended"}</span>
      ) : (
        <button type="button" class="button quiet danger" onClick={() => void revoke()}>
          Revoke
        </button>
      )}
    </li>
  )
}

function ShownOnce({ made, onClose }: { made: MadeKey; onClose: () => void }) {
  return (
    <Dialog title={`The key “${made.name}”`}>
      <p>Copy it now: it is not shown again, for the server keeps only its hash.</p>
      <div class="secret">
        <code>{made.key}</code>
        <Copy text={made.key} label="the key" />
      </div>
      <div class="row end">
        <button type="button" class="button primary" onClick={onClose}>
          I have it
        </button>
      </div>
    </Dialog>
  )
}
