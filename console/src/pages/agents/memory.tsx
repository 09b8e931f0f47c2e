import { useState } from "preact/hooks"
import { client } from "../../client"
import { useLive } from "../live"
import { Said } from "../said"
import { SearchBox } from "../search"
import { Shown } from "../shown"

/** What an agent remembers: the newest summary, and what of all that was said has some words. */
export function Memory({ agent }: { agent: string }) {
  const [words, setWords] = useState("")
  const memory = useLive(`${agent} ${words}`, (signal) =>
    client.agents.memory(agent, { q: words || undefined, limit: 1, signal }),
  )
  return (
    <section class="card stack" aria-label="Memory">
      <h2>Memory</h2>
      <SearchBox label="Search its memory" value={words} onSearch={setWords} />
      <Shown of={memory}>
        {({ summary, hits, total }) =>
          words ? (
            hits.length ? (
              <Said messages={hits} />
            ) : (
              <p class="soft">Nothing that it remembers has these words.</p>
            )
          ) : (
            <p class={summary ? "prose" : "soft"}>{summary || plain(total)}</p>
          )
        }
      </Shown>
    </section>
  )
}

function plain(total: number): string {
  return total ? "It remembers all of the messages, and needed no summary yet." : "It remembers nothing yet."
}
