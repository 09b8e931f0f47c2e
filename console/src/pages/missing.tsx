import { Empty } from "../parts/empty"
import { useTitle } from "../parts/title"
import { to } from "../route"

/** The page for addresses that lead nowhere. */
export function MissingPage() {
  useTitle("Not found")
  return (
    <div class="page">
      <Empty title="There is nothing at this address.">
        <p class="soft">
          It may be mistyped, or from another version. <a href={to()}>Go to the start</a>
        </p>
      </Empty>
    </div>
  )
}
