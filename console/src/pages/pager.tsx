import { askedOffset, withQuery } from "./query"
import { count } from "./words"

/** Which part of a list is shown, and the way to the others; nothing where all of it is. */
export function Pager({ total, size, of }: { total: number; size: number; of: string }) {
  const first = askedOffset()
  if (first === 0 && total <= size) return null
  const last = Math.min(first + size, total)
  return (
    <nav class="row apart" aria-label={`Pages of ${of}`}>
      <span class="soft small">
        {first < total ? `${count(first + 1)} to ${count(last)} of ${count(total)} ${of}` : `${count(total)} ${of}`}
      </span>
      <span class="row">
        <Turn label="Previous" to={first > 0 ? first - size : undefined} />
        <Turn label="Next" to={last < total ? first + size : undefined} />
      </span>
    </nav>
  )
}

function Turn({ label, to }: { label: string; to: number | undefined }) {
  if (to === undefined) return null
  return (
    <a class="button" href={withQuery({ offset: to > 0 ? String(to) : "" })}>
      {label}
    </a>
  )
}
