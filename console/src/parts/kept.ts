import { effect, signal, type Signal } from "@preact/signals"

/** A choice that this browser remembers, as far as it lets pages remember; `valid` guards against what is not one. */
export function kept<T extends string | number>(
  name: string,
  first: T,
  valid: (value: unknown) => value is T,
): Signal<T> {
  const choice = signal(remembered(name, valid) ?? first)
  effect(() => {
    try {
      localStorage.setItem(name, JSON.stringify(choice.value))
    } catch {
      // Storage is full or forbidden: then the choice holds until the page is left.
    }
  })
  return choice
}

function remembered<T>(name: string, valid: (value: unknown) => value is T): T | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(name) ?? "null")
    return valid(value) ? value : undefined
  } catch {
    return undefined
  }
}
