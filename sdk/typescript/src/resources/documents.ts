import { path, type CallOptions, type Calls, type KeyedOptions, type PageOptions } from "../calls.js"
import type { DocumentInfo, NewDocument } from "../resources.js"

export const documents = (calls: Calls) => ({
  /** Add a text, which can be found at once. */
  create: (body: NewDocument, options?: KeyedOptions) => calls.post<DocumentInfo>("/v1/documents", body, options),

  /** Yours, newest first. */
  list: (options?: PageOptions) => calls.list<DocumentInfo>("/v1/documents", options),

  get: (id: string, options?: CallOptions) => calls.get<DocumentInfo>(path`/v1/documents/${id}`, options),

  delete: (id: string, options?: CallOptions) =>
    calls.send<void>("DELETE", path`/v1/documents/${id}`, undefined, options),
})
