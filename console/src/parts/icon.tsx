/** Drawn on a grid of 20 × 20 with strokes, so that they take the colour of the text around them. */
const PATHS = {
  sessions: "M3.5 4.5h13v9h-7.5l-3.5 3v-3h-2z",
  agents: "M10 5.5v-2.5 M4.5 5.5h11v8h-11z M8 9.2v.6 M12 9.2v.6 M7 16.5h6 M2.5 8.5v2 M17.5 8.5v2",
  tasks: "M3.5 5.5l1.5 1.5 2.5-3 M3.5 13l1.5 1.5 2.5-3 M10.5 6h6 M10.5 13.5h6",
  templates: "M3.5 3.5h5.5v5.5h-5.5z M12 3.5h4.5v5.5h-4.5z M3.5 12h5.5v4.5h-5.5z M12 12h4.5v4.5h-4.5z",
  documents: "M5 3.5h7l3.500 3.500v9.500h-10.500z M11.500 3.500v4h4 M8 11h4.500 M8 13.500h4.500",
  analytics: "M3.5 16.5h13 M6 13.5v-4 M10 13.5v-9 M14 13.5v-6",
  account: "M10 9.5a3 3 0 1 0 0-6 3 3 0 0 0 0 6z M4 16.5c.6-3 3-4.5 6-4.5s5.4 1.5 6 4.5",
  copy: "M7.5 7.500h9v9h-9z M4.5 12.500h-1v-9h9v1",
  check: "M4 10.500l4 4 8-9",
  close: "M5 5l10 10 M15 5l-10 10",
  share:
    "M5.5 12.500a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600z M14.5 7.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600z M14.5 17.300a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.600z M7.6 9.100l4.8-2.9 M7.6 11.300l4.8 2.7",
  edit: "M4 16l.8-3.3 8.7-8.7 2.5 2.5-8.7 8.700z",
  remove: "M4 5.500h12 M8 5.500v-2h4v2 M5.5 5.500l.7 11h7.600l.7-11 M8.5 8.500v5 M11.5 8.500v5",
  widen: "M8 3.500h-4.500v4.5 M12 16.500h4.500v-4.5 M3.5 3.500l5 5 M16.5 16.500l-5-5",
  narrow: "M3.5 8.500h5v-5 M16.5 11.500h-5v5 M8.5 8.500l-5-5 M11.5 11.500l5 5",
  send: "M10 16.500v-12.5 M4.5 9.500l5.5-5.5 5.5 5.5",
  search: "M9 14.500a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11z M13 13l4 4",
  plus: "M10 4v12 M4 10h12",
  more: "M4.5 10h.01 M10 10h.01 M15.5 10h.01",
  key: "M7 13.500a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z M10.5 10h6.500v3 M14 10v2.5",
  out: "M8.5 3.500h-5v13h5 M8 10h9 M13.5 6.500l3.5 3.5-3.5 3.5",
  back: "M12 4.5l-5.5 5.5 5.5 5.5",
  archive: "M3 4h14v3.5h-14z M4.5 7.5v8.5h11v-8.5 M8.5 10.5h3",
  fork: "M6 6.500v7 M6 8.500c0 3 8 1.500 8-2 M6 3.500a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z M6 13.500a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z M14 3.500a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3z",
  stop: "M5.5 5.500h9v9h-9z",
} as const

export type IconName = keyof typeof PATHS

/** A picture beside a word, or in a button that has an `aria-label`: by itself it says nothing. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  )
}
