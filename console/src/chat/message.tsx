import type { MessageView } from "@puntini/client"
import { Copy } from "../parts/copy"
import { Markdown } from "../parts/markdown"
import { Prompt } from "./prompt"

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" })
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" })

/** What a person or an agent said. `named` says that several agents speak here. */
export function MessageItem({ message, named }: { message: MessageView; named: boolean }) {
  const { role, content, partial, agent } = message
  // An empty whole takes back what an agent had said.
  if (!content && role === "assistant") return null
  return (
    <article class={`message ${role}`} aria-label={role === "user" ? "You" : (agent ?? "Agent")} aria-busy={partial}>
      {role === "assistant" && named && <p class="message-agent">{agent}</p>}
      {role === "user" ? <Prompt text={content} /> : <Markdown text={content} growing={partial} />}
      <footer class="message-foot">
        <Moment at={message.timestamp} />
        {!partial && <Copy text={content} label={role === "user" ? "the prompt" : "the answer"} />}
      </footer>
    </article>
  )
}

function Moment({ at }: { at: string }) {
  const moment = new Date(at)
  if (Number.isNaN(moment.getTime())) return null
  return (
    <time dateTime={at} title={FULL.format(moment)}>
      {TIME.format(moment)}
    </time>
  )
}
