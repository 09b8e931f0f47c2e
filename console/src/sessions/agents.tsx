import { Select } from "../parts/select"
import { useLoaded } from "../parts/loaded"
import { client } from "../client"

const MOST = 100

/** Which agent a session is with. Empty is the server's own choice. */
export function AgentChoice({ chosen, onChoose }: { chosen: string; onChoose: (agent: string) => void }) {
  const { value: agents } = useLoaded((signal) => client.agents.list({ limit: MOST, signal }), [])
  const options = (agents?.items ?? []).map(({ name }) => [name, name] as const)
  return <Select label="Agent" options={[["", "Default agent"], ...options]} chosen={chosen} onChoose={onChoose} />
}
