import type { ComponentChildren } from "preact"
import { Loading } from "../parts/loading"
import { Problem } from "../parts/problem"
import type { Live } from "./live"

/** What was loaded, and what is wrong. What is there stays while more is asked for, dimmed when it answers another question. */
export function Shown<T>({ of, children }: { of: Live<T>; children: (value: T) => ComponentChildren }) {
  return (
    <div class={of.stale ? "shown stale" : "shown"} aria-busy={of.stale}>
      {of.problem && <Problem text={of.problem} again={of.again} />}
      {of.value !== undefined ? children(of.value) : !of.problem && <Loading />}
    </div>
  )
}
