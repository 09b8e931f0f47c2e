const SHAPES = {
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M4.5 3.5h2.5v9H4.5zM9 3.5h2.5v9H9z",
  back: "M10.5 3.5v9L5 8z",
  on: "M5.5 3.5v9L11 8z",
  previous: "M3.5 3.5H5v9H3.5zM12.5 3.5v9L6 8z",
  next: "M11 3.5h1.5v9H11zM3.5 3.5v9L10 8z",
}

/** A small picture on a button, which has its own label. */
export function Icon({ shape }: { shape: keyof typeof SHAPES }) {
  return (
    <svg class="history-icon" viewBox="0 0 16 16" aria-hidden="true">
      <path d={SHAPES[shape]} />
    </svg>
  )
}
