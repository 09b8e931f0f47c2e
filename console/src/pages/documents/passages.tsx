import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { useLive } from "../live"
import { Shown } from "../shown"
import { many } from "../words"

/** The passages that fit some words best. */
export function Passages({ words }: { words: string }) {
  const found = useLive(words, (signal) => client.search(words, { limit: 20, signal }))
  return (
    <Shown of={found}>
      {({ items, ranking, note }) => (
        <>
          {note && <p class="notice">{note}</p>}
          {items.length === 0 ? (
            <Empty title="No passage has these words" />
          ) : (
            <>
              <p class="small soft" role="status">
                {many(items.length, "passage")}, the best first, by {ranking}
              </p>
              <ol class="stack plain">
                {items.map((hit) => (
                  <li key={`${hit.document_id} ${hit.passage}`} class="card stack tight">
                    <div class="row apart">
                      <b>{hit.title}</b>
                      <span class="small soft">passage {hit.passage + 1}</span>
                    </div>
                    <p class="prose">{hit.text}</p>
                  </li>
                ))}
              </ol>
            </>
          )}
        </>
      )}
    </Shown>
  )
}
