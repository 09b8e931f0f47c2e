import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type {
  NewTemplate,
  StartBody,
  StartedTemplate,
  TemplateChanges,
  TemplateInfo,
  WholeTemplate,
} from "../resources.js"

/** What templates to find. */
export interface TemplateQuery extends PageOptions {
  /** Words; the best match comes first. */
  q?: string
  /** Several with commas between them: a template has all. */
  tag?: string
  difficulty?: TemplateInfo["difficulty"]
}

export const templates = (calls: Calls) => ({
  /** The built-in ones, then yours; or those that match. */
  list: (options?: TemplateQuery) => calls.list<TemplateInfo>("/v1/templates", options),

  /** One with its tasks. */
  get: (id: string, options?: CallOptions) => calls.get<WholeTemplate>(path`/v1/templates/${id}`, options),

  create: (body: NewTemplate, options?: KeyedOptions) => calls.post<WholeTemplate>("/v1/templates", body, options),

  update: (id: string, changes: TemplateChanges, options?: CallOptions) =>
    calls.send<WholeTemplate>("PATCH", path`/v1/templates/${id}`, changes, options),

  delete: (id: string, options?: CallOptions) =>
    calls.send<void>("DELETE", path`/v1/templates/${id}`, undefined, options),

  /** Begin a session from it, with its tasks as plan and graph. */
  start: (id: string, body: StartBody = {}, options?: KeyedOptions) =>
    calls.post<StartedTemplate>(path`/v1/templates/${id}/tasks`, body, options),
})
