import { route } from "../route"
import { asked } from "./query"
import { CreateTemplate } from "./templates/create"
import { Gallery } from "./templates/gallery"
import { TemplatePage } from "./templates/template"

/** `#/templates`, `#/templates?do=create` and `#/templates/{id}`, with `?do=edit`. */
export function TemplatesPage() {
  const id = route.value.path[1]
  if (id) return <TemplatePage key={id} id={id} />
  return asked("do") === "create" ? <CreateTemplate /> : <Gallery />
}
