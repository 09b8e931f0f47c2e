import { useState } from "preact/hooks"
import type { Area, Marks, Point, Series } from "./chart"
import { every, ticks, type Unit } from "./chart-scale"
import { told } from "./chart-table"

const HEIGHT = 220
const LEFT = 52
const RIGHT = 8
const TOP = 10
const BOTTOM = 26
const LABEL_WIDTH = 62

interface PlotProps {
  title: string
  points: readonly Point[]
  series: readonly Series[]
  marks: Marks
  stacked: boolean
  format: (value: number) => string
  unit: ((most: number) => Unit) | undefined
  width: number
}

/** The drawing: axes with round numbers, the marks, and what a point says when it is pointed at. */
export function Plot({ title, points, series, marks: Drawn, stacked, format, unit: unitOf, width }: PlotProps) {
  const [pointed, setPointed] = useState<number | null>(null)
  const largest = largestOf(points.length, series, stacked)
  const unit = unitOf?.(largest)
  const size = unit?.size ?? 1
  const steps = ticks(largest / size, { whole: !unit }).map((step) => step * size)
  const name = (step: number) => (unit ? `${Number((step / size).toPrecision(6))} ${unit.name}` : format(step))
  const area: Area = {
    left: LEFT,
    top: TOP,
    width: width - LEFT - RIGHT,
    height: HEIGHT - TOP - BOTTOM,
    most: steps.at(-1) ?? 1,
  }
  const slot = area.width / Math.max(1, points.length)
  const point = (event: PointerEvent) => {
    if (!(event.currentTarget instanceof Element)) return
    const x = event.clientX - event.currentTarget.getBoundingClientRect().left - LEFT
    const place = Math.floor(x / slot)
    setPointed(place >= 0 && place < points.length ? place : null)
  }
  return (
    <div class="plot" onPointerMove={point} onPointerDown={point} onPointerLeave={() => setPointed(null)}>
      <svg
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`${title}: ${summary(points, series, format)}`}
      >
        <Axis steps={steps} area={area} format={name} />
        <Below points={points} area={area} slot={slot} />
        {pointed !== null && (
          <rect class="plot-slot" x={LEFT + pointed * slot} y={TOP} width={slot} height={area.height} />
        )}
        <Drawn series={series} area={area} />
      </svg>
      {pointed !== null && (
        <Tip
          point={points[pointed]}
          series={series}
          place={pointed}
          format={format}
          x={LEFT + (pointed + 0.5) * slot}
          width={width}
        />
      )}
    </div>
  )
}

function Axis({ steps, area, format }: { steps: readonly number[]; area: Area; format: (value: number) => string }) {
  return (
    <g>
      {steps.map((step) => {
        const y = area.top + area.height * (1 - step / area.most)
        return (
          <g key={step}>
            <line class="plot-grid" x1={area.left} x2={area.left + area.width} y1={y} y2={y} />
            <text class="plot-text" x={area.left - 8} y={y} text-anchor="end" dominant-baseline="central">
              {format(step)}
            </text>
          </g>
        )
      })}
    </g>
  )
}

function Below({ points, area, slot }: { points: readonly Point[]; area: Area; slot: number }) {
  const step = every(points.length, area.width / LABEL_WIDTH)
  return (
    <g>
      {points.map(
        ({ short }, place) =>
          place % step === 0 && (
            <text
              key={place}
              class="plot-text"
              x={area.left + (place + 0.5) * slot}
              y={area.top + area.height + 17}
              text-anchor="middle"
            >
              {short}
            </text>
          ),
      )}
    </g>
  )
}

interface TipProps {
  point: Point | undefined
  series: readonly Series[]
  place: number
  format: (value: number) => string
  x: number
  width: number
}

function Tip({ point, series, place, format, x, width }: TipProps) {
  const side = x > width / 2 ? { right: `${width - x + 12}px` } : { left: `${x + 12}px` }
  return (
    <div class="plot-tip" style={side} aria-hidden="true">
      <b>{point?.whole}</b>
      {series.map(({ name, tone, values }) => (
        <span key={name} class="row apart nowrap">
          <span>
            <i class={`tone-${tone}`} /> {name}
          </span>
          <span>{told(values[place], format)}</span>
        </span>
      ))}
    </div>
  )
}

function largestOf(points: number, series: readonly Series[], stacked: boolean): number {
  let most = 0
  for (let place = 0; place < points; place++) {
    const values = series.map(({ values }) => values[place] ?? 0)
    most = Math.max(most, stacked ? values.reduce((sum, value) => sum + value, 0) : Math.max(...values))
  }
  return most
}

function summary(points: readonly Point[], series: readonly Series[], format: (value: number) => string): string {
  const first = points[0]?.whole ?? ""
  const last = points.at(-1)?.whole ?? ""
  const peaks = series.map(
    ({ name, values }) => `${name} at most ${format(Math.max(0, ...values.map((each) => each ?? 0)))}`,
  )
  return `${first} to ${last}; ${peaks.join(", ")}. The button Table shows the numbers.`
}
