/** The mark: three dots that hold together. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path d="M9 22 16 9l7 13z" />
      <circle cx="16" cy="9" r="4" />
      <circle cx="9" cy="22" r="4" />
      <circle cx="23" cy="22" r="4" />
    </svg>
  )
}
