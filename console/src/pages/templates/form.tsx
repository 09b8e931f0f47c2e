import type { NewTemplate } from "@puntini/client"
import { useState } from "preact/hooks"
import { Field, FormEnd, useForm } from "../form"
import { blankTask, bodyOf, type Draft, type TaskDraft } from "./draft"
import { TaskFields } from "./task"
import { asDifficulty, DIFFICULTIES } from "./words"

interface TemplateFormProps {
  first: Draft
  label: string
  cancel: string
  send: (body: NewTemplate) => Promise<void>
}

/** A template's fields and its tasks. */
export function TemplateForm({ first, label, cancel, send }: TemplateFormProps) {
  const [draft, setDraft] = useState(first)
  const change = (part: Partial<Draft>) => setDraft((was) => ({ ...was, ...part }))
  const form = useForm(["title", "description", "difficulty", "tags", "tasks"], () => send(bodyOf(draft)))
  const changeTask = (place: number, part: Partial<TaskDraft>) => {
    const before = draft.tasks[place]?.id
    const tasks = draft.tasks.map((task, each) => (each === place ? { ...task, ...part } : task))
    change({ tasks: before !== undefined && part.id !== undefined ? renamed(tasks, before, part.id) : tasks })
  }
  const removeTask = (place: number) => {
    const gone = draft.tasks[place]?.id
    const tasks = draft.tasks.filter((_, each) => each !== place)
    change({ tasks: tasks.map((task) => ({ ...task, depends_on: task.depends_on.filter((id) => id !== gone) })) })
  }
  return (
    <form class="stack" onSubmit={form.onSubmit} noValidate>
      <Field label="Title" problem={form.of("title")}>
        <input class="input" value={draft.title} onInput={(event) => change({ title: event.currentTarget.value })} />
      </Field>
      <Field label="Description" problem={form.of("description")}>
        <textarea
          class="input"
          rows={3}
          value={draft.description}
          onInput={(event) => change({ description: event.currentTarget.value })}
        />
      </Field>
      <div class="pair">
        <Field label="Difficulty" problem={form.of("difficulty")}>
          <select
            class="input"
            value={draft.difficulty}
            onChange={(event) => change({ difficulty: asDifficulty(event.currentTarget.value) })}
          >
            {DIFFICULTIES.map((each) => (
              <option key={each}>{each}</option>
            ))}
          </select>
        </Field>
        <Field label="Tags" problem={form.of("tags")} hint="Small letters, with commas between them.">
          <input class="input" value={draft.tags} onInput={(event) => change({ tags: event.currentTarget.value })} />
        </Field>
      </div>
      <h2>Tasks</h2>
      {form.at("tasks") && (
        <p class="notice bad" role="alert">
          {form.at("tasks")}
        </p>
      )}
      <ol class="entries boxes">
        {draft.tasks.map((task, place) => (
          <TaskFields
            key={place}
            place={place}
            task={task}
            others={draft.tasks.filter((_, each) => each !== place)}
            problem={(field) => form.of(`tasks[${place}].${field}`)}
            change={(part) => changeTask(place, part)}
            remove={draft.tasks.length > 1 ? () => removeTask(place) : undefined}
          />
        ))}
      </ol>
      <div>
        <button
          type="button"
          class="button"
          disabled={draft.tasks.length >= 50}
          onClick={() => change({ tasks: [...draft.tasks, blankTask(draft.tasks)] })}
        >
          Add a task
        </button>
      </div>
      <FormEnd form={form} label={label} cancel={cancel} />
    </form>
  )
}

/** What waits for a task goes on waiting for it when its id changes. */
function renamed(tasks: readonly TaskDraft[], before: string, after: string): TaskDraft[] {
  return tasks.map((task) => ({ ...task, depends_on: task.depends_on.map((id) => (id === before ? after : id)) }))
}
