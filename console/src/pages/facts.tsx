import type { ComponentChildren } from "preact"

/** A fact of a list of facts, which is a `<dl class="factlist">`. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** A number that counts, large, with what it is. */
export function Figure({ name, value, detail = "" }: { name: string; value: string; detail?: string }) {
  return (
    <div class="figure">
      <dt>{name}</dt>
      <dd>
        {value}
        {detail && <small>{detail}</small>}
      </dd>
    </div>
  )
}

/** Short words beside each other. */
export function Chips({ of, code = false }: { of: readonly string[]; code?: boolean }) {
  return (
    <ul class="chips">
      {of.map((each) => (
        <li key={each} class="badge">
          {code ? <code>{each}</code> : each}
        </li>
      ))}
    </ul>
  )
}
