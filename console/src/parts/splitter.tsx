import type { Signal } from "@preact/signals"
import { useRef } from "preact/hooks"

const STEP = 2

interface SplitterOptions {
  /** How much of the width the part before it has, in percent. */
  share: Signal<number>
  least: number
  most: number
  /** What a double click goes back to. */
  normal: number
  label: string
  /** The id of the part before it. */
  controls: string
}

/** The line between two parts: drag it, or focus it and use the arrows; a double click puts it back. */
export function Splitter({ share, least, most, normal, label, controls }: SplitterOptions) {
  const line = useRef<HTMLDivElement>(null)
  const set = (value: number) => (share.value = Math.round(Math.min(most, Math.max(least, value)) * 10) / 10)
  const drag = (event: PointerEvent) => {
    const whole = line.current?.parentElement?.getBoundingClientRect()
    if (whole && line.current?.hasPointerCapture(event.pointerId)) {
      set(((event.clientX - whole.left) / whole.width) * 100)
    }
  }
  const press = (event: KeyboardEvent) => {
    const to = { ArrowLeft: share.value - STEP, ArrowRight: share.value + STEP, Home: least, End: most }[event.key]
    if (to === undefined) return
    event.preventDefault()
    set(to)
  }
  return (
    <div
      ref={line}
      class="splitter"
      role="separator"
      tabIndex={0}
      aria-orientation="vertical"
      aria-label={label}
      aria-controls={controls}
      aria-valuenow={Math.round(share.value)}
      aria-valuemin={least}
      aria-valuemax={most}
      onPointerDown={(event) => line.current?.setPointerCapture(event.pointerId)}
      onPointerMove={drag}
      onKeyDown={press}
      onDblClick={() => set(normal)}
    />
  )
}
