import { client } from "../client"
import { useLive } from "./live"

interface Choice {
  /** Its name, where it is not in a field that has one. */
  label?: string
  /** What it says where no agent is chosen. */
  none: string
  value: string
  onChange: (agent: string) => void
}

/** A choice of one agent, or none; a `Field` gives it its id. An agent that is no more can still be chosen, where the address names it. */
export function AgentChoice({ label, none, value, onChange, ...described }: Choice) {
  const agents = useLive("agents", (signal) => client.agents.list({ limit: 100, signal }))
  const names = (agents.value?.items ?? []).map(({ name }) => name)
  if (value && !names.includes(value)) names.push(value)
  return (
    <select
      {...described}
      {...(label && { "aria-label": label })}
      class="input"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    >
      <option value="">{none}</option>
      {names.map((name) => (
        <option key={name} value={name} selected={name === value}>
          {name}
        </option>
      ))}
    </select>
  )
}
