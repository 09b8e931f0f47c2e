import { useState } from "preact/hooks"
import type { AuditEntry } from "@puntini/client"
import { client } from "../client"
import { Empty } from "../parts/empty"
import { Loading } from "../parts/loading"
import { useLoaded } from "../parts/loaded"
import { Problem } from "../parts/problem"
import { Time } from "../parts/time"

const ONE_PAGE = 50

/** Who did what, newest first, for admins. */
export function Audit() {
  const [pages, setPages] = useState(1)
  const { value: log, problem, again } = useLoaded((signal) => newest(pages, signal), [pages])
  return (
    <section class="card stack" aria-labelledby="audit-title">
      <div class="row apart">
        <h2 id="audit-title">Audit log</h2>
        <button type="button" class="button quiet" onClick={again}>
          Look again
        </button>
      </div>
      {problem && <Problem text={problem} again={again} />}
      {!log && !problem && <Loading />}
      {log?.items.length === 0 && <Empty title="Nothing has been written down yet." />}
      {log && log.items.length > 0 && <Entries entries={log.items} />}
      {log?.isMore && (
        <div>
          <button type="button" class="button" onClick={() => setPages(pages + 1)}>
            Older
          </button>
        </div>
      )}
    </section>
  )
}

function Entries({ entries }: { entries: readonly AuditEntry[] }) {
  return (
    <div class="scroll" tabIndex={0}>
      <table class="table">
        <thead>
          <tr>
            <th>When</th>
            <th>Who</th>
            <th>What</th>
            <th>Of</th>
            <th>From</th>
          </tr>
        </thead>
        <tbody>
          {entries.map(({ id, at, who, credential, what, of, address, count }) => (
            <tr key={id}>
              <td>
                <Time at={at} />
              </td>
              <td title={credential}>{who}</td>
              <td>
                {what.replaceAll("_", " ")} {count > 1 && <span class="badge">{count} times</span>}
              </td>
              <td class="mono">{of}</td>
              <td class="mono">{address}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

async function newest(pages: number, signal: AbortSignal): Promise<{ items: AuditEntry[]; isMore: boolean }> {
  const items: AuditEntry[] = []
  let next = ""
  do {
    const page = await client.audit.list({ before: next, limit: ONE_PAGE, signal })
    items.push(...page.items)
    next = page.next
  } while (next && --pages > 0)
  return { items, isMore: next !== "" }
}
