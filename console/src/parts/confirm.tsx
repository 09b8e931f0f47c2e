import { signal } from "@preact/signals"
import { Dialog } from "./dialog"

interface Question {
  title: string
  /** What will happen, in a sentence. */
  text: string
  /** The word on the button that does it. */
  action: string
  danger?: boolean
}

const asked = signal<(Question & { answer: (yes: boolean) => void }) | null>(null)

/** Ask before something is done that can't be undone. One question at a time: a new one answers the one before with no. */
export function confirm(question: Question): Promise<boolean> {
  asked.value?.answer(false)
  return new Promise((resolve) => {
    const answer = (yes: boolean) => {
      asked.value = null
      resolve(yes)
    }
    asked.value = { ...question, answer }
  })
}

/** Where it is asked. */
export function Confirm() {
  const question = asked.value
  if (!question) return null
  return (
    <Dialog key={question.title} title={question.title} onClose={() => question.answer(false)}>
      <p class="soft">{question.text}</p>
      <div class="row end">
        <button type="button" class="button" data-focus onClick={() => question.answer(false)}>
          Cancel
        </button>
        <button
          type="button"
          class={`button ${question.danger ? "danger filled" : "primary"}`}
          onClick={() => question.answer(true)}
        >
          {question.action}
        </button>
      </div>
    </Dialog>
  )
}
