import type { ComponentChildren } from "preact"

interface Head {
  title: ComponentChildren
  /** Where one comes from: address and name. */
  up?: readonly [string, string]
  children?: ComponentChildren
}

/** A page's title, the way back, and what can be done. */
export function PageHead({ title, up, children }: Head) {
  return (
    <header class="page-head">
      {up && (
        <a class="small" href={up[0]}>
          ← {up[1]}
        </a>
      )}
      <div class="row apart">
        <h1>{title}</h1>
        {children && <div class="row">{children}</div>}
      </div>
    </header>
  )
}
