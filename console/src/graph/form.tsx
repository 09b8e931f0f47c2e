import { useSignal, type Signal } from "@preact/signals"
import type { ComponentChildren } from "preact"
import type { Desk } from "./desk"
import {
  blank,
  isNode,
  meanwhile,
  mistakes,
  operation,
  shown,
  touched,
  withProp,
  type Draft,
  type Element,
} from "./draft"
import { NewProperty, Property } from "./property"
import { told, typed } from "./values"

/** An element's fields. Those that one does not touch follow what others do; those that one does wait to be saved. */
export function ElementForm({ desk, element }: { desk: Desk; element: Element }) {
  const own = useSignal<Draft | null>(null)
  const locked = !!desk.readOnly.value
  const draft = locked ? null : own.value
  const wrong = draft ? mistakes(draft, element) : new Map<string, string>()
  const change = (make: (draft: Draft) => Draft) => {
    const next = make(own.peek() ?? blank(element, desk.graph.peek().version))
    own.value = touched(next) ? next : null
  }
  const save = async (event: Event) => {
    event.preventDefault()
    if (draft && !wrong.size && (await desk.edit([operation(draft)], draft.version))) own.value = null
  }
  const met = (field: string, isMine: boolean, giveUp: () => void) =>
    draft &&
    isMine && <Meanwhile desk={desk} element={element} met={meanwhile(draft, element, field)} giveUp={giveUp} />
  const names = [...new Set([...Object.keys(element.props ?? {}), ...(draft?.props.keys() ?? [])])]
  return (
    <form class="graph-form" onSubmit={(event) => void save(event)}>
      {desk.readOnly.value && <p class="soft small">{desk.readOnly.value}</p>}
      <Field
        label="Label"
        wrong={wrong.get("label")}
        met={met("label", draft?.label !== undefined, () => change((to) => without(to, "label")))}
      >
        <input
          class="input"
          required
          readOnly={locked}
          value={draft?.label ?? element.label}
          onInput={(event) => change((to) => ({ ...to, label: event.currentTarget.value }))}
        />
      </Field>
      {isNode(element) && (
        <Field
          label="Key"
          wrong={undefined}
          met={met("key", draft?.key !== undefined, () => change((to) => without(to, "key")))}
        >
          <input
            class="input"
            readOnly={locked}
            value={draft?.key ?? element.key ?? ""}
            onInput={(event) => change((to) => ({ ...to, key: event.currentTarget.value }))}
          />
        </Field>
      )}
      {names.map((name) => (
        <Property
          key={name}
          name={name}
          value={shown(draft, element, name)}
          locked={locked}
          wrong={wrong.get(`props.${name}`)}
          met={met(`props.${name}`, draft?.props.has(name) === true, () =>
            change((to) => withProp(to, name, undefined)),
          )}
          onChange={(value) => change((to) => withProp(to, name, value))}
          onRestore={() => change((to) => withProp(to, name, undefined))}
        />
      ))}
      {draft?.more.map((each, at) => (
        <NewProperty
          key={at}
          each={each}
          // Before anything was typed nothing is wrong yet.
          wrong={each.name || each.value.text ? wrong.get(`more.${at}`) : undefined}
          onChange={(value) =>
            change((to) => ({ ...to, more: to.more.flatMap((old, index) => (index !== at ? old : (value ?? []))) }))
          }
        />
      ))}
      {!locked && (
        <div class="row">
          <button
            type="button"
            class="button small quiet"
            onClick={() => change((to) => ({ ...to, more: [...to.more, { name: "", value: typed("") }] }))}
          >
            Add property
          </button>
          {draft && <SaveOrNot wrong={wrong.size > 0} own={own} />}
        </div>
      )}
    </form>
  )
}

function SaveOrNot({ wrong, own }: { wrong: boolean; own: Signal<Draft | null> }) {
  return (
    <span class="row graph-save">
      <button type="button" class="button small" onClick={() => (own.value = null)}>
        Discard
      </button>
      <button class="button small primary" disabled={wrong}>
        Save
      </button>
    </span>
  )
}

interface FieldProps {
  readonly label: string
  readonly wrong: string | undefined
  readonly met?: ComponentChildren
  readonly children: ComponentChildren
}

/** A labelled box, what is wrong with it, and what others did to it. */
export function Field({ label, wrong, met, children }: FieldProps) {
  return (
    <div class="graph-field">
      <label class="field">
        <span>{label}</span>
        {children}
      </label>
      {wrong && (
        <small class="graph-wrong" role="alert">
          {wrong}
        </small>
      )}
      {met}
    </div>
  )
}

interface MeanwhileProps {
  readonly desk: Desk
  readonly element: Element
  readonly met: { value: unknown } | undefined
  readonly giveUp: () => void
}

function Meanwhile({ desk, element, met, giveUp }: MeanwhileProps) {
  if (!met) return null
  const author = desk.authors.of(isNode(element) ? "node" : "edge", element.id)?.author ?? "Somebody"
  return (
    <p class="small graph-met" role="status">
      {`${author} changed this meanwhile to ${told(met.value).slice(0, 80) || "nothing"}. `}
      <button type="button" class="graph-link" onClick={giveUp}>
        Take theirs
      </button>
    </p>
  )
}

function without(draft: Draft, field: "label" | "key"): Draft {
  const { [field]: _, ...rest } = draft
  return rest
}
