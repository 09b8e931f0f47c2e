import { useId } from "preact/hooks"

interface PicksProps {
  label: string
  choices: readonly { readonly name: string; readonly detail: string }[]
  chosen: readonly string[]
  problem: string
  onChange: (chosen: readonly string[]) => void
}

/** Several of many, each with what it is; in the order in which they were picked. */
export function Picks({ label, choices, chosen, problem, onChange }: PicksProps) {
  const id = useId()
  const toggle = (name: string) =>
    onChange(chosen.includes(name) ? chosen.filter((each) => each !== name) : [...chosen, name])
  return (
    <fieldset class="picks" aria-describedby={problem ? id : undefined}>
      <legend>{label}</legend>
      {problem && (
        <small class="wrong" id={id}>
          {problem}
        </small>
      )}
      <div class="scroll">
        {choices.map(({ name, detail }) => (
          <label key={name}>
            <input
              type="checkbox"
              checked={chosen.includes(name)}
              aria-invalid={problem ? "true" : undefined}
              onChange={() => toggle(name)}
            />
            <span>
              <b>{name}</b> <small class="soft">{detail}</small>
            </span>
          </label>
        ))}
      </div>
    </fieldset>
  )
}
