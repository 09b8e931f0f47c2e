import type { AgentInfo } from "@puntini/client"
import { client } from "../../client"
import { go, to } from "../../route"
import { Chips, Fact } from "../facts"
import { PageHead } from "../head"
import { useLive } from "../live"
import { Remove } from "../remove"
import { Shown } from "../shown"
import { useTitle } from "../../parts/title"
import { Time } from "../../parts/time"
import { Memory } from "./memory"
import { Messages } from "./messages"
import { Say } from "./say"
import { Activity, KIND } from "./words"

const EVERY = 4000

/** One agent: what it is, what was said, and where one says something to it. */
export function AgentPage({ id }: { id: string }) {
  useTitle(id)
  const agent = useLive(id, (signal) => client.agents.get(id, { signal }), { every: EVERY })
  const remove = async () => {
    await client.agents.delete(id)
    go(to("agents"))
  }
  return (
    <div class="page stack">
      <PageHead title={id} up={[to("agents"), "Agents"]}>
        {agent.value && <Activity status={agent.value.status} running={agent.value.running} />}
        <a class="button" href={`#/tasks?${new URLSearchParams({ agent: id, status: "all" })}`}>
          Its tasks
        </a>
        {agent.value?.kind === "created" && (
          <Remove
            what={`the agent ${id}`}
            text="What it said stays in its sessions, but prompts in them fail until they name another agent."
            act={remove}
          />
        )}
      </PageHead>
      <Shown of={agent}>
        {(data) => (
          <div class="columns">
            <div class="stack">
              <Say agent={id} />
              <Messages agent={id} />
            </div>
            <div class="stack">
              <About agent={data} />
              <Memory agent={id} />
            </div>
          </div>
        )}
      </Shown>
    </div>
  )
}

function About({ agent }: { agent: AgentInfo }) {
  return (
    <section class="card stack" aria-label="About">
      <p class="prose">{agent.role || "Only the name of this agent is known."}</p>
      {agent.capabilities.length > 0 && <Chips of={agent.capabilities} />}
      <dl class="factlist">
        <Fact name="Kind">{KIND[agent.kind]}</Fact>
        {agent.model && <Fact name="Model">{agent.model}</Fact>}
        {agent.manner && <Team agent={agent} />}
        {agent.tools.length > 0 && (
          <Fact name="Tools">
            <Chips of={agent.tools} code />
          </Fact>
        )}
        {agent.instructions && (
          <Fact name="Instructions">
            <span class="prose">{agent.instructions}</span>
          </Fact>
        )}
        {agent.reason && <Fact name="Reason">{agent.reason}</Fact>}
        {agent.created_at && (
          <Fact name="Created">
            <Time at={agent.created_at} /> by {agent.created_by}
          </Fact>
        )}
      </dl>
    </section>
  )
}

function Team({ agent }: { agent: AgentInfo }) {
  return (
    <>
      <Fact name="Manner">{agent.manner === "group_chat" ? "group chat" : "supervisor"}</Fact>
      <Fact name="Members">
        {agent.members.length === 0
          ? "all other agents"
          : agent.members.map((name) => (
              <a key={name} class="badge" href={to("agents", name)}>
                {name}
              </a>
            ))}
      </Fact>
      <Fact name={agent.manner === "group_chat" ? "Turns" : "Pieces of work"}>at most {agent.max_turns}</Fact>
      {agent.until && <Fact name="Until">somebody says “{agent.until}”</Fact>}
    </>
  )
}
