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
        <Value value={value} locked={locked} onChange={onChange} />
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
        <Value value={value} locked={false} onChange={(to) => onChange({ name, value: to })} />
      </Field>
      <Kinds name={name || "the new property"} value={value} onChange={(to) => onChange({ name, value: to })} />
      <Drop name={name || "the new property"} onClick={() => onChange(null)} />
    </div>
  )
}

function Value({ value, locked, onChange }: { value: Typed; locked: boolean; onChange: (value: Typed) => void }) {
  const type = (event: { currentTarget: { value: string } }) => onChange({ ...value, text: event.currentTarget.value })
  if (value.kind === "boolean") {
    return (
      <select class="input" disabled={locked} value={value.text} onChange={type}>
        <option value="true">true</option>
        <option value="false">false</option>
      </select>
    )
  }
  if (value.kind === "json" || value.text.length > LONG || value.text.includes("\n")) {
    const rows = Math.min(8, Math.max(2, value.text.split("\n").length, Math.ceil(value.text.length / LONG)))
    return (
      <textarea
        class={`input ${value.kind === "json" ? "graph-json" : ""}`}
        rows={rows}
        readOnly={locked}
        value={value.text}
        onInput={type}
      />
    )
  }
  return (
    <input
      class="input"
      inputMode={value.kind === "number" ? "decimal" : "text"}
      readOnly={locked}
      value={value.text}
      onInput={type}
    />
  )
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
