import type { TemplateTask, WholeTemplate } from "@puntini/client"
import { client } from "../../client"
import { download } from "../../parts/download"
import { Time } from "../../parts/time"
import { useTitle } from "../../parts/title"
import { go, to } from "../../route"
import { PageHead } from "../head"
import { useLive } from "../live"
import { asked, withQuery } from "../query"
import { Remove } from "../remove"
import { Shown } from "../shown"
import { many } from "../words"
import { draftOf, exported } from "./draft"
import { TemplateForm } from "./form"
import { TaskMap } from "./map"
import { Start } from "./start"
import { Difficulty, hours } from "./words"

/** One template: its tasks and their order, and where one begins from it. */
export function TemplatePage({ id }: { id: string }) {
  const editing = asked("do") === "edit"
  const template = useLive(`${id} ${editing}`, (signal) => client.templates.get(id, { signal }))
  useTitle(template.value?.title ?? "Template")
  return (
    <div class={editing ? "page narrow stack" : "page stack"}>
      {!template.value && <PageHead title="Template" up={[to("templates"), "Templates"]} />}
      <Shown of={template}>
        {(value) => (editing && value.kind === "created" ? <Edit template={value} /> : <View template={value} />)}
      </Shown>
    </div>
  )
}

function Edit({ template }: { template: WholeTemplate }) {
  const view = to("templates", template.template_id)
  return (
    <>
      <PageHead title="Edit the template" up={[view, template.title]} />
      <TemplateForm
        first={draftOf(template)}
        label="Save"
        cancel={view}
        send={async (body) => {
          await client.templates.update(template.template_id, body)
          go(view)
        }}
      />
    </>
  )
}

function View({ template }: { template: WholeTemplate }) {
  const remove = async () => {
    await client.templates.delete(template.template_id)
    go(to("templates"))
  }
  const save = () => {
    download(new Blob([exported(template)], { type: "application/json" }), `${template.template_id}.json`)
  }
  return (
    <>
      <PageHead title={template.title} up={[to("templates"), "Templates"]}>
        <button class="button" onClick={save}>
          Export as JSON
        </button>
        {template.kind === "created" && (
          <>
            <a class="button" href={withQuery({ do: "edit" })}>
              Edit
            </a>
            <Remove what={`the template ${template.title}`} text="What was begun from it stays." act={remove} />
          </>
        )}
      </PageHead>
      <Facts template={template} />
      <section class="card" aria-label="What comes before what">
        <TaskMap tasks={template.tasks} />
      </section>
      <div class="columns">
        <section class="card stack" aria-label="Tasks">
          <h2>Tasks</h2>
          <Tasks tasks={template.tasks} />
        </section>
        <Start template={template} />
      </div>
    </>
  )
}

function Facts({ template }: { template: WholeTemplate }) {
  return (
    <div class="stack tight">
      {template.description && <p class="prose">{template.description}</p>}
      <div class="row small soft">
        <Difficulty of={template.difficulty} />
        {template.tags.map((tag) => (
          <a key={tag} class="badge" href={`#/templates?${new URLSearchParams({ tag })}`}>
            {tag}
          </a>
        ))}
        <span>{[many(template.task_count, "task"), hours(template.hours)].filter(Boolean).join(" · ")}</span>
        {template.updated_at && (
          <span>
            changed <Time at={template.updated_at} />
          </span>
        )}
      </div>
    </div>
  )
}

function Tasks({ tasks }: { tasks: readonly TemplateTask[] }) {
  const titles = new Map(tasks.map(({ id, title }) => [id, title]))
  return (
    <ol class="entries numbered">
      {tasks.map((task) => (
        <li key={task.id}>
          <div class="row apart">
            <b>{task.title}</b>
            <span class="row small soft">
              {hours(task.hours)}
              <Difficulty of={task.difficulty} />
            </span>
          </div>
          {task.description && <p class="soft">{task.description}</p>}
          {task.depends_on.length > 0 && (
            <p class="small faint">after: {task.depends_on.map((id) => titles.get(id) ?? id).join(", ")}</p>
          )}
        </li>
      ))}
    </ol>
  )
}
