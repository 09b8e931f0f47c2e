import type { TemplateInfo } from "@puntini/client"
import { client } from "../../client"
import { Empty } from "../../parts/empty"
import { Select } from "../../parts/select"
import { useTitle } from "../../parts/title"
import { to } from "../../route"
import { PageHead } from "../head"
import { useLive } from "../live"
import { Pager } from "../pager"
import { ask, asked, askedOffset, withQuery } from "../query"
import { SearchBox } from "../search"
import { Shown } from "../shown"
import { many } from "../words"
import { asDifficulty, Difficulty, DIFFICULTIES, hours } from "./words"

const SIZE = 24
const CHOICES = [["", "Any difficulty"], ...DIFFICULTIES.map((each) => [each, each] as const)] as const

/** Plans to begin from: those that come with the server, and one's own. */
export function Gallery() {
  useTitle("Templates")
  const filter = { q: asked("q"), tag: asked("tag"), difficulty: asked("difficulty") }
  const offset = askedOffset()
  const templates = useLive(JSON.stringify([filter, offset]), (signal) =>
    client.templates.list({
      q: filter.q || undefined,
      tag: filter.tag || undefined,
      difficulty: filter.difficulty ? asDifficulty(filter.difficulty) : undefined,
      limit: SIZE,
      offset,
      signal,
    }),
  )
  const filtered = Boolean(filter.q || filter.tag || filter.difficulty)
  return (
    <div class="page stack">
      <PageHead title="Templates">
        <a class="button primary" href="#/templates?do=create">
          New template
        </a>
      </PageHead>
      <Filters {...filter} />
      <Shown of={templates}>
        {({ items, total }) =>
          items.length === 0 ? (
            <Empty title={filtered ? "No such templates" : "No templates"}>
              {filtered && (
                <a class="button" href={to("templates")}>
                  Show all
                </a>
              )}
            </Empty>
          ) : (
            <>
              <ul class="cards">
                {items.map((each) => (
                  <Card key={each.template_id} template={each} tags={filter.tag} />
                ))}
              </ul>
              <Pager total={total} size={SIZE} of="templates" />
            </>
          )
        }
      </Shown>
    </div>
  )
}

function Filters({ q, tag, difficulty }: { q: string; tag: string; difficulty: string }) {
  const tags = split(tag)
  return (
    <div class="row filters" role="group" aria-label="Filters">
      <SearchBox label="Search templates" value={q} onSearch={(words) => ask({ q: words })} />
      <Select
        label="Difficulty"
        options={CHOICES}
        chosen={difficulty}
        onChoose={(chosen) => ask({ difficulty: chosen })}
      />
      {tags.map((each) => (
        <button key={each} class="button" onClick={() => ask({ tag: tags.filter((one) => one !== each).join(",") })}>
          {each} <span aria-hidden="true">×</span>
          <span class="hidden">: remove this tag</span>
        </button>
      ))}
    </div>
  )
}

function Card({ template, tags }: { template: TemplateInfo; tags: string }) {
  const chosen = split(tags)
  return (
    <li class="card stack tight">
      <div class="row apart">
        <h2>
          <a class="cover" href={to("templates", template.template_id)}>
            {template.title}
          </a>
        </h2>
        <Difficulty of={template.difficulty} />
      </div>
      {template.description && <p class="soft clamp">{template.description}</p>}
      <ul class="chips end">
        {template.tags.map((each) => (
          <li key={each}>
            <a class="badge above" href={withQuery({ tag: [...new Set([...chosen, each])].join(",") })}>
              {each}
            </a>
          </li>
        ))}
      </ul>
      <p class="small faint">
        {[many(template.task_count, "task"), hours(template.hours), template.kind === "created" ? "yours" : ""]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </li>
  )
}

function split(tags: string): string[] {
  return tags.split(",").filter(Boolean)
}
