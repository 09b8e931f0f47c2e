import type { AgentInfo } from "@puntini/client"
import { client } from "../client"
import { useLive, type Listed } from "./live"

interface Choice {
  label: string
  /** What it says where no agent is chosen. */
  none: string
  value: string
  onChange: (agent: string) => void
  id?: string
}

/** A choice of one agent, or none. An agent that is no more can still be chosen, where the address names it. */
export function AgentChoice({ label, none, value, onChange, id }: Choice) {
  const agents = useLive("agents", (signal) =>
    client.http.ask<Listed<AgentInfo>>("/v1/agents", { query: { limit: 100 }, signal }),
  )
  const names = (agents.value?.items ?? []).map(({ name }) => name)
  if (value && !names.includes(value)) names.push(value)
  return (
    <select
      id={id}
      class="input"
      aria-label={label}
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
