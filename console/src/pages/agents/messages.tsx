import { useState } from "preact/hooks"
import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { useLive } from "../live"
import { Said } from "../said"
import { Shown } from "../shown"

const SIZE = 10
const MOST = 100
const EVERY = 4000

/** What was said to an agent and by it of late, in all sessions. */
export function Messages({ agent }: { agent: string }) {
  const [limit, setLimit] = useState(SIZE)
  const messages = useLive(`${agent} ${limit}`, (signal) => client.agents.messages(agent, { limit, signal }), {
    every: EVERY,
  })
  return (
    <section class="stack tight" aria-label="Messages">
      <h2>Messages of its latest tasks</h2>
      <Shown of={messages}>
        {({ items, total, complete }) =>
          total === 0 ? (
            <Empty title="Nothing was said yet" />
          ) : (
            <>
              {!complete && <p class="small soft">Older messages are not kept any more.</p>}
              {total > items.length && limit < MOST && (
                <button class="button quiet" onClick={() => setLimit(Math.min(limit + 20, MOST))}>
                  Show earlier messages ({total - items.length} more)
                </button>
              )}
              <Said messages={items} />
            </>
          )
        }
      </Shown>
    </section>
  )
}
