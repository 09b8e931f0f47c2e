import type { TemplateTask } from "@puntini/client"
import { layers } from "./layers"

const WIDTH = 168
const HEIGHT = 40
const ACROSS = 48
const DOWN = 16
const MARGIN = 4
/** As wide as it stays, though there is less room: then it is scrolled. */
const READABLE = 720

interface Place {
  readonly task: TemplateTask
  readonly x: number
  readonly y: number
}

/** The tasks from left to right, with lines to what waits for them. The list beside it says the same in words. */
export function TaskMap({ tasks }: { tasks: readonly TemplateTask[] }) {
  const columns = layers(tasks)
  const rows = Math.max(1, ...columns.map(({ length }) => length))
  const places = new Map(
    columns.flatMap((column, x) => column.map((task, y) => [task.id, placed(task, x, y, column, rows)])),
  )
  const width = columns.length * (WIDTH + ACROSS) - ACROSS + 2 * MARGIN
  const height = rows * (HEIGHT + DOWN) - DOWN + 2 * MARGIN
  return (
    <div class="scroll map" tabIndex={0} role="group" aria-label="Map of the tasks">
      <svg
        width={width}
        style={{ minWidth: `${Math.min(width, READABLE)}px` }}
        viewBox={`0 0 ${width} ${height}`}
        aria-hidden="true"
      >
        {[...places.values()].flatMap((to) =>
          to.task.depends_on.map((id) => {
            const from = places.get(id)
            return from && <path key={`${id} ${to.task.id}`} class="map-line" d={line(from, to)} />
          }),
        )}
        {[...places.values()].map(({ task, x, y }) => (
          <g key={task.id} transform={`translate(${x} ${y})`}>
            <title>{task.title}</title>
            <rect class="map-box" width={WIDTH} height={HEIGHT} rx={8} />
            <text class="map-text" x={12} y={HEIGHT / 2} dominant-baseline="central">
              {short(task.title)}
            </text>
          </g>
        ))}
      </svg>
    </div>
  )
}

/** Columns are centred, so that lines stay short. */
function placed(task: TemplateTask, column: number, row: number, among: readonly unknown[], rows: number): Place {
  const top = ((rows - among.length) * (HEIGHT + DOWN)) / 2
  return { task, x: MARGIN + column * (WIDTH + ACROSS), y: MARGIN + top + row * (HEIGHT + DOWN) }
}

function line(from: Place, to: Place): string {
  const [x0, y0, x1, y1] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2]
  const bend = x0 + ACROSS / 2
  return `M${x0} ${y0} C${bend} ${y0} ${x1 - ACROSS / 2} ${y1} ${x1} ${y1}`
}

function short(title: string): string {
  return title.length > 22 ? `${title.slice(0, 21).trimEnd()}…` : title
}
