import { PuntiniError } from "@puntini/client"

/** What went wrong, in one sentence that says what to do. */
export function sentence(error: unknown): string {
  if (error instanceof PuntiniError) {
    return error.status === 429 && error.retryAfter
      ? `${error.message} Try again in ${wait(error.retryAfter)}.`
      : error.message
  }
  if (error instanceof TypeError) return "The server can't be reached: see that it runs, then try again."
  return error instanceof Error ? error.message : String(error)
}

function wait(seconds: number): string {
  const minutes = Math.ceil(seconds / 60)
  return seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${minutes} minutes`
}

/** A problem where it happened, told at once to those who listen; with `again` there is a button to try once more. */
export function Problem({ text, again }: { text: string; again?: (() => void) | undefined }) {
  return (
    <div class="notice bad row apart" role="alert">
      <span>{text}</span>
      {again && (
        <button type="button" class="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  )
}
