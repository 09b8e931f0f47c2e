import type { ComponentChildren } from "preact"
import type { Loaded } from "./load"

/** What was loaded: a placeholder before, a sentence and another try where it failed. What is there stays while more is asked for. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  return (
    <div class={of.stale ? "shown stale" : "shown"} aria-busy={of.stale || (of.data === undefined && !of.problem)}>
      {of.problem && (
        <div class="notice bad row apart" role="alert">
          <span>{of.problem}</span>
          <button class="button" onClick={of.again}>
            Try again
          </button>
        </div>
      )}
      {of.data !== undefined ? children(of.data) : !of.problem && <Waiting />}
    </div>
  )
}

function Waiting() {
  return (
    <div class="waiting">
      <span class="hidden">Loading</span>
      <i />
      <i />
      <i />
    </div>
  )
}

/** In the place of a list without anything in it: what this is for, and what to do. */
export function Nothing({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="nothing">
      <h2>{title}</h2>
      {children && <div class="soft">{children}</div>}
    </div>
  )
}
