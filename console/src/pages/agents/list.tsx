import type { AgentInfo } from "@puntini/client"
import { client } from "../../client"
import { useTitle } from "../../parts/title"
import { to } from "../../route"
import { PageHead } from "../head"
import { useLive } from "../live"
import { Pager } from "../pager"
import { askedOffset } from "../query"
import { Shown } from "../shown"
import { Activity, KIND } from "./words"

const SIZE = 24
const EVERY = 4000

/** All agents, and which of them work just now. */
export function AgentList() {
  useTitle("Agents")
  const offset = askedOffset()
  const agents = useLive(`agents ${offset}`, (signal) => client.agents.list({ limit: SIZE, offset, signal }), {
    every: EVERY,
  })
  return (
    <div class="page stack">
      <PageHead title="Agents">
        <a class="button primary" href="#/agents?do=create">
          New agent
        </a>
      </PageHead>
      <Shown of={agents}>
        {({ items, total }) => (
          <>
            <ul class="cards">
              {items.map((agent) => (
                <Card key={agent.agent_id} agent={agent} />
              ))}
            </ul>
            <Pager total={total} size={SIZE} of="agents" />
          </>
        )}
      </Shown>
    </div>
  )
}

function Card({ agent }: { agent: AgentInfo }) {
  const team = agent.manner !== null
  return (
    <li class="card stack tight">
      <div class="row apart">
        <h2>
          <a class="cover" href={to("agents", agent.agent_id)}>
            {agent.name}
          </a>
        </h2>
        <Activity status={agent.status} running={agent.running} />
      </div>
      <p class="soft clamp">{agent.role || "Only its name is known."}</p>
      <p class="small faint end">
        {[KIND[agent.kind], team ? teamWords(agent) : toolWords(agent), agent.model].filter(Boolean).join(" · ")}
      </p>
    </li>
  )
}

function teamWords({ manner, members }: AgentInfo): string {
  const kind = manner === "group_chat" ? "group chat" : "supervisor"
  return members.length ? `${kind} of ${members.join(", ")}` : `${kind} of all others`
}

function toolWords({ tools }: AgentInfo): string {
  return tools.length ? `${tools.length} ${tools.length === 1 ? "tool" : "tools"}` : ""
}
