import type { ComponentChildren } from "preact"

interface FieldOptions {
  label: string
  value: string
  onValue: (value: string) => void
  type?: "text" | "password"
  name?: string
  autoComplete?: string
  required?: boolean
  minLength?: number
  maxLength?: number
  /** Whether it has the focus when its dialog opens. */
  isFirst?: boolean
  /** A word below it that helps. */
  children?: ComponentChildren
}

/** A line to fill in, with its label. */
export function Field({ label, value, onValue, isFirst, children, type = "text", ...input }: FieldOptions) {
  return (
    <label class="field">
      <span>{label}</span>
      <input
        {...input}
        class="input"
        type={type}
        autoCapitalize="none"
        spellcheck={false}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
        data-focus={isFirst || undefined}
      />
      {children && <small>{children}</small>}
    </label>
  )
}
