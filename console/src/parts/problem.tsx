/** What went wrong, in one sentence that says what to do: the server's own, or the SDK's where there was no answer. */
export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
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
