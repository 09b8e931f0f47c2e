import { PuntiniError } from "@puntini/client"
import { cloneElement, type ComponentChildren, type VNode } from "preact"
import { useEffect, useId, useRef, useState } from "preact/hooks"
import { sentence } from "../parts/problem"

interface Problem {
  readonly path: string
  readonly message: string
}

/** How a form stands that is sent to the server. */
export interface Form {
  readonly busy: boolean
  /** What no field is to blame for, in one sentence. */
  readonly problem: string
  /** What is wrong with a field: what the server says of `name`, `name[0]` and `name.x`. */
  of(name: string): string
  /** What is wrong with `path` itself. */
  at(path: string): string
  /** Give it to the `<form>`. */
  readonly onSubmit: (event: Event) => void
}

/**
 * A form with these fields; what the server refuses is told at them, and the first gets the focus. `missing` names those
 * that have to be filled in and are not: then the server is not asked.
 */
export function useForm(
  fields: readonly string[],
  send: () => Promise<void>,
  missing: () => readonly string[] = () => [],
): Form {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState("")
  const [problems, setProblems] = useState<readonly Problem[]>([])
  const form = useRef<HTMLFormElement | null>(null)
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("[aria-invalid='true']")?.focus()
  }, [problems])
  const refuse = (error: unknown) => {
    const told = error instanceof PuntiniError ? error.errors : []
    const known = told.filter(({ path }) => fields.some((name) => belongs(path, name)))
    setProblems(known)
    setProblem(known.length ? "" : sentence(error))
  }
  const onSubmit = async (event: Event) => {
    event.preventDefault()
    if (busy) return
    if (event.currentTarget instanceof HTMLFormElement) form.current = event.currentTarget
    setProblem("")
    const blank = missing().map((path) => ({ path, message: "Fill this in." }))
    setProblems(blank)
    if (blank.length) return
    setBusy(true)
    try {
      await send()
    } catch (error) {
      refuse(error)
    } finally {
      setBusy(false)
    }
  }
  const told = (about: (path: string) => boolean) =>
    problems
      .filter(({ path }) => about(path))
      .map(({ path, message }) => message.replace(`${path}: `, ""))
      .join(" ")
  return {
    busy,
    problem,
    of: (name) => told((path) => belongs(path, name)),
    at: (name) => told((path) => path === name),
    onSubmit,
  }
}

function belongs(path: string, name: string): boolean {
  return path === name || path.startsWith(`${name}[`) || path.startsWith(`${name}.`)
}

interface FieldProps {
  label: string
  hint?: ComponentChildren
  problem?: string
  required?: boolean
  /** The one control, which is told what describes it. */
  children: VNode
}

/** A labelled control with its hint, or what is wrong with it. */
export function Field({ label, hint, problem = "", required = false, children }: FieldProps) {
  const id = useId()
  const described = problem ? `${id}-problem` : hint ? `${id}-hint` : undefined
  return (
    <div class="field">
      <label for={id}>
        {label}
        {required && (
          <span class="soft" aria-hidden="true">
            {" *"}
          </span>
        )}
      </label>
      {cloneElement(children, {
        id,
        "aria-describedby": described,
        "aria-invalid": problem ? "true" : undefined,
        ...(required && { "aria-required": "true" }),
      })}
      {problem && (
        <small class="wrong" id={`${id}-problem`}>
          {problem}
        </small>
      )}
      {hint && !problem && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  )
}

interface FormEndProps {
  form: Form
  label: string
  /** Where one goes without it. */
  cancel?: string
  /** What stands beside the buttons. */
  children?: ComponentChildren
}

/** The end of a form: what went wrong as a whole, and the buttons. */
export function FormEnd({ form, label, cancel, children }: FormEndProps) {
  return (
    <>
      {form.problem && (
        <p class="notice bad" role="alert">
          {form.problem}
        </p>
      )}
      <div class="row">
        <button class="button primary" disabled={form.busy}>
          {label}
        </button>
        {cancel && (
          <a class="button quiet" href={cancel}>
            Cancel
          </a>
        )}
        {children}
      </div>
    </>
  )
}
