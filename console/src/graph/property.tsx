import type { ComponentChildren } from "preact"
import { Field } from "./form"
import { as, KINDS, type Kind, type Typed } from "./values"

/** Of longer texts several lines are shown. */
const LONG = 42

interface PropertyProps {
  readonly name: string
  /** null: it is to be taken away. */
  readonly value: Typed | null
  readonly locked: boolean
  readonly wrong: string | undefined
  readonly met: ComponentChildren
  readonly onChange: (value: Typed | null) => void
  readonly onRestore: () => void
}

/** A property that is there. */
export function Property({ name, value, locked, wrong, met, onChange, onRestore }: PropertyProps) {
  if (!value) {
    return (
      <p class="row apart small soft">
        <span>
          <s>{name}</s> is removed when you save.
        </span>
        <button type="button" class="graph-link" onClick={onRestore}>
          Keep it
        </button>
      </p>
    )
  }
  return (
    <div class="graph-property">
      <Field label={name} wrong={wrong} met={met}>
        <Value name={name} value={value} locked={locked} onChange={onChange} />
      </Field>
      {!locked && <Kinds name={name} value={value} onChange={onChange} />}
      {!locked && <Drop name={name} onClick={() => onChange(null)} />}
    </div>
  )
}

interface NewPropertyProps {
  readonly each: { readonly name: string; readonly value: Typed }
  readonly wrong: string | undefined
  readonly onChange: (each: { name: string; value: Typed } | null) => void
}

/** A property that does not exist yet. */
export function NewProperty({ each, wrong, onChange }: NewPropertyProps) {
  const { name, value } = each
  return (
    <div class="graph-property new">
      <Field label="Property" wrong={undefined}>
        <input class="input" value={name} onInput={(event) => onChange({ name: event.currentTarget.value, value })} />
      </Field>
      <Field label="Value" wrong={wrong}>
        <Value name="Value" value={value} locked={false} onChange={(to) => onChange({ name, value: to })} />
      </Field>
      <Kinds name={name || "the new property"} value={value} onChange={(to) => onChange({ name, value: to })} />
      <Drop name={name || "the new property"} onClick={() => onChange(null)} />
    </div>
  )
}

interface ValueProps {
  readonly name: string
  readonly value: Typed
  readonly locked: boolean
  readonly onChange: (value: Typed) => void
}

function Value({ name, value, locked, onChange }: ValueProps) {
  const type = (event: { currentTarget: { value: string } }) => onChange({ ...value, text: event.currentTarget.value })
  const box = { "aria-label": name, value: value.text, onInput: type }
  if (value.kind === "boolean") {
    return (
      <select class="input" disabled={locked} {...box}>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    )
  }
  if (value.kind === "json" || value.text.length > LONG || value.text.includes("\n")) {
    const rows = Math.min(8, Math.max(2, value.text.split("\n").length, Math.ceil(value.text.length / LONG)))
    return (
      <textarea class={`input ${value.kind === "json" ? "graph-json" : ""}`} rows={rows} readOnly={locked} {...box} />
    )
  }
  const inputMode = value.kind === "number" ? "decimal" : "text"
  return <input class="input" inputMode={inputMode} readOnly={locked} {...box} />
}

function Kinds({ name, value, onChange }: { name: string; value: Typed; onChange: (value: Typed) => void }) {
  return (
    <select
      class="input small graph-kind"
      aria-label={`Type of ${name}`}
      value={value.kind}
      onChange={(event) => onChange(as(event.currentTarget.value as Kind, value))}
    >
      {KINDS.map(([kind, label]) => (
        <option key={kind} value={kind}>
          {label}
        </option>
      ))}
    </select>
  )
}

function Drop({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button
      type="button"
      class="button quiet small graph-drop"
      aria-label={`Remove ${name}`}
      title={`Remove ${name}`}
      onClick={onClick}
    >
      ×
    </button>
  )
}
