interface TabsOptions<Name extends string> {
  label: string
  tabs: readonly (readonly [Name, string])[]
  chosen: Name
  onChoose: (name: Name) => void
  /** The id of the panel that a tab shows. */
  panel: (name: Name) => string
}

/** A row of tabs: the Tab key leads to the chosen one, the arrows, Home and End to the others. */
export function Tabs<Name extends string>({ label, tabs, chosen, onChoose, panel }: TabsOptions<Name>) {
  const move = (event: KeyboardEvent) => {
    const here = tabs.findIndex(([name]) => name === chosen)
    const next = target(event.key, here, tabs.length)
    const name = next === undefined ? undefined : tabs[next]?.[0]
    if (name === undefined) return
    event.preventDefault()
    onChoose(name)
    document.getElementById(tabId(name))?.focus()
  }
  return (
    <div class="tabs" role="tablist" aria-label={label} onKeyDown={move}>
      {tabs.map(([name, text]) => (
        <button
          key={name}
          type="button"
          id={tabId(name)}
          role="tab"
          class="tab"
          aria-selected={chosen === name}
          aria-controls={panel(name)}
          tabIndex={chosen === name ? 0 : -1}
          onClick={() => onChoose(name)}
        >
          {text}
        </button>
      ))}
    </div>
  )
}

/** The id of a tab, for its panel's `aria-labelledby`. */
export function tabId(name: string): string {
  return `tab-${name}`
}

function target(key: string, here: number, count: number): number | undefined {
  switch (key) {
    case "ArrowRight":
      return (here + 1) % count
    case "ArrowLeft":
      return (here + count - 1) % count
    case "Home":
      return 0
    case "End":
      return count - 1
    default:
      return undefined
  }
}
