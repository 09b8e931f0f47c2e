import { confirm } from "../parts/confirm"
import { toast } from "../parts/toasts"
import { sentence } from "../parts/problem"

interface Removed {
  /** What it is: "the agent Ada". */
  what: string
  /** What happens to what belongs to it, in a sentence. */
  text: string
  act: () => Promise<unknown>
}

/** A button that removes something, after asking. */
export function Remove({ what, text, act }: Removed) {
  const remove = async () => {
    if (!(await confirm({ title: `Delete ${what}?`, text, action: "Delete", danger: true }))) return
    try {
      await act()
    } catch (error) {
      toast(sentence(error), "bad")
    }
  }
  return (
    <button type="button" class="button danger" onClick={remove} aria-label={`Delete ${what}`}>
      Delete
    </button>
  )
}
