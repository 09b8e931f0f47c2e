import type { Area, Series } from "./chart"

const GAP = 0.25
const WIDEST = 36

/** A bar for each point, with the series one on the other. */
export function Bars({ series, area }: { series: readonly Series[]; area: Area }) {
  const points = series[0]?.values.length ?? 0
  const slot = area.width / Math.max(1, points)
  const width = Math.min(WIDEST, Math.max(1, slot * (1 - GAP)))
  const bottoms = new Array<number>(points).fill(0)
  return (
    <g>
      {series.map(({ name, tone, values }) => (
        <g key={name} class={`drawn tone-${tone}`}>
          {values.map((value, place) => {
            if (!value) return null
            const bottom = bottoms[place] ?? 0
            bottoms[place] = bottom + value
            const height = (value / area.most) * area.height
            const x = area.left + (place + 0.5) * slot - width / 2
            const y = area.top + area.height - (bottom / area.most) * area.height - height
            return <rect key={place} x={x} y={y} width={width} height={height} />
          })}
        </g>
      ))}
    </g>
  )
}
