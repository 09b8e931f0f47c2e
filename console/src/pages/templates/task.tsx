import { Field } from "../form"
import { Picks } from "../picks"
import type { TaskDraft } from "./draft"
import { asDifficulty, DIFFICULTIES } from "./words"

interface TaskFieldsProps {
  place: number
  task: TaskDraft
  others: readonly TaskDraft[]
  /** What is wrong with a field. */
  problem: (field: "id" | "title" | "description" | "difficulty" | "hours" | "depends_on") => string
  change: (part: Partial<TaskDraft>) => void
  remove: (() => void) | undefined
}

/** One task of a template. */
export function TaskFields({ place, task, others, problem, change, remove }: TaskFieldsProps) {
  return (
    <li class="card stack">
      <div class="row apart">
        <h3>Task {place + 1}</h3>
        {remove && (
          <button type="button" class="button quiet danger" onClick={remove} aria-label={`Remove task ${place + 1}`}>
            Remove
          </button>
        )}
      </div>
      <div class="pair">
        <Field label="Title" problem={problem("title")}>
          <input class="input" value={task.title} onInput={(event) => change({ title: event.currentTarget.value })} />
        </Field>
        <Field label="Id" problem={problem("id")}>
          <input class="input" value={task.id} onInput={(event) => change({ id: event.currentTarget.value })} />
        </Field>
        <Field label="Difficulty" problem={problem("difficulty")}>
          <select
            class="input"
            value={task.difficulty}
            onChange={(event) => change({ difficulty: asDifficulty(event.currentTarget.value) })}
          >
            {DIFFICULTIES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </Field>
        <Field label="Hours" problem={problem("hours")}>
          <input
            class="input"
            type="number"
            min={0}
            step="any"
            value={task.hours}
            onInput={(event) => change({ hours: event.currentTarget.value })}
          />
        </Field>
      </div>
      <Field label="Description" problem={problem("description")}>
        <textarea
          class="input"
          rows={2}
          value={task.description}
          onInput={(event) => change({ description: event.currentTarget.value })}
        />
      </Field>
      {others.length > 0 && (
        <Picks
          label="After"
          choices={others.map(({ id, title }) => ({ name: id, detail: title }))}
          chosen={task.depends_on}
          problem={problem("depends_on")}
          onChange={(depends_on) => change({ depends_on })}
        />
      )}
    </li>
  )
}
