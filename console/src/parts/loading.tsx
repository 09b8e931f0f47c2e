/** Says that something is on its way, but only when that takes longer than 200 ms (the style waits). */
export function Loading({ label = "Loading" }: { label?: string }) {
  return (
    <p class="loading" role="status">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {label}
    </p>
  )
}
