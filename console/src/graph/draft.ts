import type { GraphEdge, GraphNode, GraphOp } from "@puntini/client"
import { parsed, typed, type Typed } from "./values"

export type Element = GraphNode | GraphEdge

/** What somebody is changing: only the fields that they touched, so that all others go on living. */
export interface Draft {
  /** The graph's version, and the element, when the first field was touched. */
  readonly version: number
  readonly base: Element
  readonly label?: string
  readonly key?: string
  /** By name; null takes a property away. */
  readonly props: ReadonlyMap<string, Typed | null>
  /** New properties, whose names can still change. */
  readonly more: readonly { readonly name: string; readonly value: Typed }[]
}

export function isNode(element: Element): element is GraphNode {
  return !("source" in element)
}

/** A draft without a change. */
export function blank(base: Element, version: number): Draft {
  return { version, base, props: new Map(), more: [] }
}

/** The draft with a property typed in anew, taken away (null) or left as it is (undefined). */
export function withProp(draft: Draft, name: string, value: Typed | null | undefined): Draft {
  const props = new Map(draft.props)
  if (value === undefined) props.delete(name)
  else props.set(name, value)
  return { ...draft, props }
}

/** Whether there is something to save. */
export function touched(draft: Draft): boolean {
  return draft.label !== undefined || draft.key !== undefined || draft.props.size > 0 || draft.more.length > 0
}

/** What is wrong, by field: `label`, `props.<name>`, `more.<index>`. */
export function mistakes(draft: Draft, now: Element): Map<string, string> {
  const found = new Map<string, string>()
  if (draft.label !== undefined && !draft.label.trim()) found.set("label", "Give it a label, such as Person.")
  for (const [name, value] of draft.props) check(found, `props.${name}`, value)
  const names = new Set(Object.keys(now.props ?? {}))
  draft.more.forEach(({ name, value }, at) => {
    if (!name.trim()) found.set(`more.${at}`, "Give the property a name.")
    else if (names.has(name.trim())) found.set(`more.${at}`, `There is a property ${name.trim()} already.`)
    else check(found, `more.${at}`, value)
    names.add(name.trim())
  })
  return found
}

/** The operation that saves a draft without mistakes: what was touched, and nothing else. */
export function operation(draft: Draft): GraphOp {
  const { base } = draft
  const props: Record<string, unknown> = {}
  for (const [name, value] of draft.props) props[name] = value && valueOf(value)
  for (const { name, value } of draft.more) props[name.trim()] = valueOf(value)
  const label = draft.label?.trim() ?? base.label
  if (!isNode(base)) return { action: "update_edge", edge: { ...base, label, props } }
  const key = draft.key === undefined ? {} : { key: draft.key.trim() }
  return { action: "update_node", node: { id: base.id, label, ...key, props } }
}

/** What another made of a field (`label`, `key`, `props.<name>`) that is being changed here; undefined where they left it. */
export function meanwhile(draft: Draft, now: Element, field: string): { value: unknown } | undefined {
  const value = fieldOf(now, field)
  return JSON.stringify(value) === JSON.stringify(fieldOf(draft.base, field)) ? undefined : { value }
}

function fieldOf(element: Element, field: string): unknown {
  if (field === "label") return element.label
  if (field === "key") return isNode(element) ? (element.key ?? "") : ""
  return element.props?.[field.slice("props.".length)]
}

/** A property as the form shows it: as it is typed in, else as it is. */
export function shown(draft: Draft | null, now: Element, name: string): Typed | null {
  const own = draft?.props.get(name)
  return own === undefined ? typed(now.props?.[name]) : own
}

function check(found: Map<string, string>, field: string, value: Typed | null): void {
  const read = value && parsed(value)
  if (read && "wrong" in read) found.set(field, read.wrong)
}

function valueOf(value: Typed): unknown {
  const read = parsed(value)
  return "value" in read ? read.value : undefined
}
