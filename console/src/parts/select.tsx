interface SelectOptions<Value extends string> {
  /** Read out, not shown. */
  label: string
  options: readonly (readonly [Value, string])[]
  chosen: Value
  onChoose: (value: Value) => void
  disabled?: boolean
}

/** A choice of one of several words. */
export function Select<Value extends string>({ label, options, chosen, onChoose, disabled }: SelectOptions<Value>) {
  const change = (event: Event & { currentTarget: HTMLSelectElement }) => {
    const option = options[event.currentTarget.selectedIndex]
    if (option) onChoose(option[0])
  }
  return (
    <select class="input select" aria-label={label} disabled={disabled} onChange={change}>
      {options.map(([value, text]) => (
        <option key={value} value={value} selected={value === chosen}>
          {text}
        </option>
      ))}
    </select>
  )
}
