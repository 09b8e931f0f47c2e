import type { CallInfo } from "@puntini/client"
import { useState } from "preact/hooks"
import { client } from "../../client"
import { useLive } from "../live"
import { Shown } from "../shown"
import { Status } from "../status"
import { many, seconds } from "../words"
import { Turns } from "./turns"

const SIZE = 20

/** Which tools a task called, with what, and what they answered; nothing where it called none. */
export function Calls({ task, beat }: { task: string; beat: number }) {
  const [offset, setOffset] = useState(0)
  const calls = useLive(`${task} ${offset}`, (signal) => client.tasks.tools(task, { limit: SIZE, offset, signal }), {
    beat,
  })
  if (calls.value?.total === 0) return null
  return (
    <section class="card stack" aria-label="Tool calls">
      <h2>Tool calls</h2>
      <Shown of={calls}>
        {({ items, total, left_out }) => (
          <>
            {left_out > 0 && <p class="small soft">{many(left_out, "older call")} not kept here.</p>}
            <ol class="entries">
              {items.map((call) => (
                <li key={call.id}>
                  <Call call={call} />
                </li>
              ))}
            </ol>
            <Turns of="calls" size={SIZE} total={total} offset={offset} onTurn={setOffset} />
          </>
        )}
      </Shown>
    </section>
  )
}

function Call({ call }: { call: CallInfo }) {
  return (
    <details class="call">
      <summary>
        <code>{call.tool_name}</code>
        <span class="row small soft">
          {seconds(call.duration_seconds)}
          <Status of={call.status} />
        </span>
      </summary>
      <Value name="Parameters" value={call.parameters} cut={call.cut.includes("parameters")} />
      {call.error && <p class="notice bad prose">{call.error}</p>}
      {call.success !== null && !call.error && (
        <Value name="Result" value={call.result} cut={call.cut.includes("result")} />
      )}
    </details>
  )
}

function Value({ name, value, cut }: { name: string; value: unknown; cut: boolean }) {
  return (
    <div>
      <p class="small soft">{name}</p>
      {cut ? (
        <p class="soft">It is too large to be shown here; it is in the session's events.</p>
      ) : (
        <pre class="value" tabIndex={0} aria-label={name}>
          {typeof value === "string" ? value : JSON.stringify(value, null, 2)}
        </pre>
      )}
    </div>
  )
}
