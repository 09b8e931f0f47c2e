import type { ActivityItem } from "@puntini/client"
import { Copy } from "../parts/copy"
import { Markdown } from "../parts/markdown"
import { Verdict } from "./approval"
import { Value } from "./value"

type Of<Kind extends ActivityItem["kind"]> = Extract<ActivityItem, { kind: Kind }>

/** One thing that an agent did for a task. `named` says that several agents work at it. */
export function Deed({ item, named }: { item: ActivityItem; named: boolean }) {
  const agent = named && "agent" in item && item.agent ? <span class="badge">{item.agent}</span> : null
  switch (item.kind) {
    case "reasoning":
      return <Thought item={item} agent={agent} />
    case "tool":
      return <ToolCall item={item} agent={agent} />
    case "step":
      return (
        <p class="deed-line">
          {agent}
          <span class={item.success ? "soft" : "failed"}>
            {`Step ${item.step_number}: ${item.name}${item.success ? "" : " failed"}`}
          </span>
          <Seconds value={item.duration_seconds} />
        </p>
      )
    case "approval":
      return <Verdict item={item} />
    case "hand_off":
      return (
        <p class="deed-line">
          <span>{`${item.from_agent || "Work"} → ${item.to_agent}`}</span>
          <span class="soft">{item.reason}</span>
        </p>
      )
    case "problem":
      return <p class="notice bad small">{item.message}</p>
    case "retraction":
      return (
        <p class="notice small">
          The server stopped in the middle of this. What it had said since its last safe point was taken back, and done
          again.
        </p>
      )
  }
}

function Thought({ item, agent }: { item: Of<"reasoning">; agent: preact.ComponentChild }) {
  return (
    <div class="thought">
      {(agent || item.phase) && (
        <p class="deed-line">
          {agent}
          {item.phase && <span class="badge">{item.phase}</span>}
        </p>
      )}
      {item.text && <Markdown text={item.text} growing={item.partial} />}
      {item.steps.length > 0 && (
        <ul>
          {item.steps.map((step, index) => (
            <li key={index}>{step}</li>
          ))}
        </ul>
      )}
    </div>
  )
}

const STATUS = { started: ["accent", "running"], succeeded: ["good", "done"], failed: ["bad", "failed"] } as const

function ToolCall({ item, agent }: { item: Of<"tool">; agent: preact.ComponentChild }) {
  const [tone, word] = STATUS[item.status]
  return (
    <details class="tool">
      <summary>
        {agent}
        <code>{item.tool_name}</code>
        <span class={`badge ${tone}`}>{word}</span>
        <Seconds value={item.duration_seconds} />
      </summary>
      <div class="tool-body">
        <Part name="Parameters" value={item.parameters} />
        {item.error && <p class="notice bad small">{item.error}</p>}
        {item.status === "succeeded" && <Part name="Result" value={item.result} />}
      </div>
    </details>
  )
}

function Part({ name, value }: { name: string; value: unknown }) {
  return (
    <section aria-label={name}>
      <div class="row apart">
        <h4>{name}</h4>
        <Copy text={JSON.stringify(value, null, 2)} label={`the ${name.toLowerCase()}`} />
      </div>
      <Value value={value} />
    </section>
  )
}

export function Seconds({ value }: { value: number | null }) {
  if (value === null) return null
  return <span class="small soft">{value < 1 ? `${Math.round(value * 1000)} ms` : `${value.toFixed(1)} s`}</span>
}
