import { useId, useState } from "preact/hooks"

type Schema = Record<string, unknown>

interface AnswerOptions {
  schema: Schema
  busy: boolean
  onAnswer: (value: unknown) => void
}

/** A field for the answer that a JSON Schema describes: for text, numbers, choices and yes or no; else for JSON. */
export function AnswerForm({ schema, busy, onAnswer }: AnswerOptions) {
  const [text, setText] = useState(first(schema))
  const [problem, setProblem] = useState("")
  const id = useId()
  const send = (event: Event) => {
    event.preventDefault()
    const [value, wrong] = answer(schema, text)
    setProblem(wrong)
    if (!wrong) onAnswer(value)
  }
  const said = typeof schema.description === "string" ? schema.description : ""
  return (
    <form class="answer" onSubmit={send}>
      <label class="field" for={id}>
        <span>{typeof schema.title === "string" ? schema.title : "Your answer"}</span>
      </label>
      <div class="row">
        <Field schema={schema} id={id} text={text} onText={setText} />
        <button class="button" disabled={busy || !text.trim()}>
          Answer
        </button>
      </div>
      {said && <small class="soft">{said}</small>}
      {problem && (
        <p class="small failed" role="alert">
          {problem}
        </p>
      )}
    </form>
  )
}

interface FieldOptions {
  schema: Schema
  id: string
  text: string
  onText: (text: string) => void
}

function Field({ schema, id, text, onText }: FieldOptions) {
  const options = choices(schema)
  const input = (event: { currentTarget: { value: string } }) => onText(event.currentTarget.value)
  if (options) {
    return (
      <select id={id} class="input" value={text} onChange={input}>
        {options.map((option) => (
          <option key={option} value={option}>
            {plain(option)}
          </option>
        ))}
      </select>
    )
  }
  switch (schema.type) {
    case "string":
      return <input id={id} class="input" value={text} onInput={input} />
    case "integer":
    case "number":
      return (
        <input
          id={id}
          class="input"
          type="number"
          step={schema.type === "integer" ? 1 : "any"}
          min={bound(schema.minimum)}
          max={bound(schema.maximum)}
          value={text}
          onInput={input}
        />
      )
    default:
      return <textarea id={id} class="input code" rows={4} value={text} onInput={input} />
  }
}

/** The choices of a schema that has some, each as JSON. */
function choices({ enum: values, type }: Schema): string[] | undefined {
  if (Array.isArray(values)) return values.map((value) => JSON.stringify(value))
  return type === "boolean" ? ["true", "false"] : undefined
}

function first(schema: Schema): string {
  const given = schema.default
  const [choice] = choices(schema) ?? []
  if (given === undefined) return choice ?? (schema.type === "object" ? "{}" : "")
  return typeof given === "string" && !choice ? given : JSON.stringify(given)
}

/** What was written as a value, or a sentence about what is wrong with it. */
export function answer(schema: Schema, text: string): [value: unknown, wrong: string] {
  if (schema.type === "string" && !choices(schema)) return [text, ""]
  try {
    return [JSON.parse(text), ""]
  } catch {
    return [undefined, 'Write JSON, like {"name": "value"}; text goes into double quotes.']
  }
}

function plain(json: string): string {
  const value: unknown = JSON.parse(json)
  return typeof value === "string" ? value : json
}

function bound(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined
}
