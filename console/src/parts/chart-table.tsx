import type { Point, Series } from "./chart"

interface ChartTableProps {
  title: string
  points: readonly Point[]
  series: readonly Series[]
  format: (value: number) => string
}

/** The numbers of a chart, for those who read them. */
export function ChartTable({ title, points, series, format }: ChartTableProps) {
  return (
    <div class="scroll chart-table" tabIndex={0} role="group" aria-label={`${title}, as a table`}>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">From</th>
            {series.map(({ name }) => (
              <th key={name} scope="col" class="number">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {points.map(({ whole }, place) => (
            <tr key={place}>
              <th scope="row">{whole}</th>
              {series.map(({ name, values }) => (
                <td key={name} class="number">
                  {told(values[place], format)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

export function told(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? "–" : format(value)
}
