import { route } from "../route"
import { AgentPage } from "./agents/agent"
import { CreateAgent } from "./agents/create"
import { AgentList } from "./agents/list"
import { asked } from "./query"

/** `#/agents`, `#/agents?do=create` and `#/agents/{id}`. */
export function AgentsPage() {
  const id = route.value.path[1]
  if (id) return <AgentPage key={id} id={id} />
  return asked("do") === "create" ? <CreateAgent /> : <AgentList />
}
