import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { Time } from "../../parts/time"
import { useLive } from "../live"
import { Pager } from "../pager"
import { askedOffset } from "../query"
import { Remove } from "../remove"
import { Shown } from "../shown"
import { bytes, many } from "../words"

const SIZE = 25

/** One's documents, newest first. */
export function DocumentList() {
  const offset = askedOffset()
  const documents = useLive(`documents ${offset}`, (signal) => client.documents.list({ limit: SIZE, offset, signal }))
  const remove = async (id: string) => {
    await client.documents.delete(id)
    documents.again()
  }
  return (
    <Shown of={documents}>
      {({ items, total }) =>
        total === 0 ? (
          <Empty title="No documents yet">
            <p class="soft">Agents can search what you add here, and say where they have it from.</p>
          </Empty>
        ) : (
          <>
            <ul class="rows">
              {items.map((each) => (
                <li key={each.document_id} class="rowline">
                  <span class="grow">
                    <b>{each.title}</b>
                    <span class="row small soft">
                      {each.source && <span class="clamp one">{each.source}</span>}
                      <span>{many(each.passages, "passage")}</span>
                      <span>{bytes(each.size)}</span>
                      <Time at={each.created_at} />
                    </span>
                  </span>
                  <Remove
                    what={each.title}
                    text="Agents will not find it any more. What they have said of it stays."
                    act={() => remove(each.document_id)}
                  />
                </li>
              ))}
            </ul>
            <Pager total={total} size={SIZE} of="documents" />
          </>
        )
      }
    </Shown>
  )
}
