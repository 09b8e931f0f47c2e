import type { ComponentType } from "preact"
import { useEffect, useId, useRef, useState } from "preact/hooks"
import { Plot } from "./chart-plot"
import type { Unit } from "./chart-scale"
import { ChartTable } from "./chart-table"

/** What is drawn of each point. */
export interface Series {
  readonly name: string
  readonly tone: "accent" | "good" | "warn" | "bad" | "faint"
  /** One for each point; null where there is none. */
  readonly values: readonly (number | null)[]
}

/** A point on the axis below: short there, and whole in the table and when pointed at. */
export interface Point {
  readonly short: string
  readonly whole: string
}

/** Where on the drawing things are. */
export interface Area {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
  /** The largest value that there is room for. */
  readonly most: number
}

/** How series are drawn: as bars or as lines. */
export type Marks = ComponentType<{ series: readonly Series[]; area: Area }>

interface ChartProps {
  title: string
  points: readonly Point[]
  series: readonly Series[]
  marks: Marks
  /** Whether the values of a point add up. */
  stacked?: boolean
  format: (value: number) => string
  /** The unit of the axis for values up to `most`; without it, they are whole numbers. */
  unit?: (most: number) => Unit
}

const FIRST_WIDTH = 640

/** A drawing of numbers, and at a press of a button the same numbers as a table. */
export function Chart({ title, points, series, marks, stacked = false, format, unit }: ChartProps) {
  const [table, setTable] = useState(false)
  const [width, setWidth] = useState(FIRST_WIDTH)
  const body = useRef<HTMLDivElement>(null)
  const id = useId()
  useEffect(() => {
    if (!body.current) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.max(240, entry.contentRect.width)))
    observer.observe(body.current)
    return () => observer.disconnect()
  }, [])
  return (
    <figure class="chart card" aria-labelledby={id}>
      <figcaption class="row apart">
        <h2 id={id}>{title}</h2>
        <span class="row">
          <Legend series={series} />
          <button class="button quiet" aria-pressed={table} onClick={() => setTable(!table)}>
            Table
          </button>
        </span>
      </figcaption>
      <div class="chart-body" ref={body}>
        {table ? (
          <ChartTable title={title} points={points} series={series} format={format} />
        ) : (
          <Plot {...{ title, points, series, marks, stacked, format, unit, width }} />
        )}
      </div>
    </figure>
  )
}

function Legend({ series }: { series: readonly Series[] }) {
  return (
    <ul class="legend">
      {series.map(({ name, tone }) => (
        <li key={name}>
          <i class={`tone-${tone}`} aria-hidden="true" />
          {name}
        </li>
      ))}
    </ul>
  )
}
