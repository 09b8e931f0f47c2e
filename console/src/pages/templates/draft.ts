import type { NewTemplate, TemplateTaskInput, WholeTemplate } from "@puntini/client"
import { asDifficulty } from "./words"

/** A task as it is filled in; `depends_on` are ids. */
export interface TaskDraft {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly difficulty: "easy" | "medium" | "hard"
  /** Empty where nobody says. */
  readonly hours: string
  readonly depends_on: readonly string[]
}

/** A template as it is filled in. */
export interface Draft {
  readonly title: string
  readonly description: string
  readonly difficulty: "easy" | "medium" | "hard"
  readonly tags: string
  readonly tasks: readonly TaskDraft[]
}

export function blankTask(taken: readonly TaskDraft[]): TaskDraft {
  let number = taken.length + 1
  while (taken.some(({ id }) => id === `task-${number}`)) number++
  return { id: `task-${number}`, title: "", description: "", difficulty: "medium", hours: "", depends_on: [] }
}

export function blankDraft(): Draft {
  return { title: "", description: "", difficulty: "medium", tags: "", tasks: [blankTask([])] }
}

/** What the API is told. */
export function bodyOf(draft: Draft): NewTemplate {
  return {
    title: draft.title.trim(),
    description: draft.description,
    difficulty: draft.difficulty,
    tags: draft.tags.split(/[\s,]+/).filter(Boolean),
    tasks: draft.tasks.map(({ id, title, description, difficulty, hours, depends_on }): TemplateTaskInput => ({
      id,
      title: title.trim(),
      description,
      difficulty,
      hours: hours.trim() ? Number(hours) : null,
      depends_on: [...depends_on],
    })),
  }
}

type Known = Pick<WholeTemplate, "title" | "description" | "difficulty" | "tags" | "tasks">

export function draftOf({ title, description, difficulty, tags, tasks }: Known): Draft {
  return {
    title,
    description,
    difficulty,
    tags: tags.join(", "),
    tasks: tasks.map((task) => ({ ...task, hours: task.hours === null ? "" : String(task.hours) })),
  }
}

/** A template as a file, which `imported` reads and the API takes. */
export function exported({ title, description, difficulty, tags, tasks }: Known): string {
  return `${JSON.stringify({ title, description, difficulty, tags, tasks }, null, 2)}\n`
}

/** The template in a file; what it leaves out is blank. Throws an Error with a sentence for what is no template. */
export function imported(text: string): Draft {
  const value = parsed(text)
  if (!isRecord(value) || !Array.isArray(value["tasks"])) {
    throw new Error('This file is no template: it needs to be a JSON object with "title" and "tasks".')
  }
  const { title, description, difficulty, tags } = value
  return {
    title: words(title),
    description: words(description),
    difficulty: asDifficulty(words(difficulty)),
    tags: Array.isArray(tags) ? tags.map(words).join(", ") : "",
    tasks: value["tasks"].filter(isRecord).map(importedTask),
  }
}

function importedTask(task: Readonly<Record<string, unknown>>): TaskDraft {
  const { id, title, description, difficulty, hours, depends_on } = task
  return {
    id: words(id),
    title: words(title),
    description: words(description),
    difficulty: asDifficulty(words(difficulty)),
    hours: typeof hours === "number" ? String(hours) : "",
    depends_on: Array.isArray(depends_on) ? depends_on.map(words) : [],
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error("This file is no JSON: choose one that was exported here.")
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function words(value: unknown): string {
  return typeof value === "string" ? value : ""
}
