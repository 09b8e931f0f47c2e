import { count } from "../words"

interface TurnsProps {
  of: string
  size: number
  total: number
  offset: number
  onTurn: (offset: number) => void
}

/** Pages of a list within a page, which are not in the address. */
export function Turns({ of, size, total, offset, onTurn }: TurnsProps) {
  if (total <= size) return null
  const last = Math.min(offset + size, total)
  return (
    <nav class="row apart" aria-label={`Pages of ${of}`}>
      <span class="soft small">{`${count(offset + 1)} to ${count(last)} of ${count(total)} ${of}`}</span>
      <span class="row">
        <button class="button" disabled={offset === 0} onClick={() => onTurn(0)}>
          First
        </button>
        <button class="button" disabled={offset === 0} onClick={() => onTurn(Math.max(0, offset - size))}>
          Earlier
        </button>
        <button class="button" disabled={last === total} onClick={() => onTurn(offset + size)}>
          Later
        </button>
        <button class="button" disabled={last === total} onClick={() => onTurn(Math.floor((total - 1) / size) * size)}>
          Last
        </button>
      </span>
    </nav>
  )
}
