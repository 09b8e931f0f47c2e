import type { TemplateTask } from "@puntini/client"

type Task = Pick<TemplateTask, "id" | "depends_on">

/** Tasks in layers: each behind all that it depends on, as far to the front as can be. What waits for itself is left out. */
export function layers<T extends Task>(tasks: readonly T[]): T[][] {
  const found: T[][] = []
  const done = new Set<string>()
  let rest = [...tasks]
  for (;;) {
    const next = rest.filter(({ depends_on }) => depends_on.every((id) => done.has(id)))
    if (!next.length) return found
    found.push(next)
    for (const { id } of next) done.add(id)
    rest = rest.filter(({ id }) => !done.has(id))
  }
}
