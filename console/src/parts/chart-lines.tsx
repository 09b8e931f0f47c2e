import type { Area, Series } from "./chart"
import { runs } from "./chart-scale"

const DOT = 3

/** A line for each series, which is broken where there is no value; a value by itself is a dot. */
export function Lines({ series, area }: { series: readonly Series[]; area: Area }) {
  return (
    <g>
      {series.map(({ name, tone, values }) => (
        <Line key={name} tone={tone} values={values} area={area} />
      ))}
    </g>
  )
}

function Line({ tone, values, area }: { tone: Series["tone"]; values: Series["values"]; area: Area }) {
  const slot = area.width / Math.max(1, values.length)
  const at = (place: number) => {
    const x = area.left + (place + 0.5) * slot
    const y = area.top + area.height * (1 - (values[place] ?? 0) / area.most)
    return [x, y] as const
  }
  return (
    <g class={`drawn tone-${tone}`}>
      {runs(values).map(([from, to]) => {
        const points = Array.from({ length: to - from + 1 }, (_, step) => at(from + step))
        const [x, y] = at(from)
        return from === to ? (
          <circle key={from} cx={x} cy={y} r={DOT} />
        ) : (
          <polyline key={from} points={points.map((point) => point.join(",")).join(" ")} />
        )
      })}
    </g>
  )
}
