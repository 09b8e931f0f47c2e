import type { MemoryMessage } from "@puntini/client"
import { to } from "../route"
import { Time } from "../parts/time"

const WHO: Readonly<Record<MemoryMessage["role"], string>> = {
  user: "asked",
  assistant: "answered",
  summary: "summary",
}

/** Messages one below the other, as they were written. */
export function Said({ messages }: { messages: readonly MemoryMessage[] }) {
  return (
    <ol class="said">
      {messages.map((each, place) => (
        <li key={`${each.task_id} ${each.timestamp} ${place}`} class={each.role}>
          <p class="small soft row">
            <b>{WHO[each.role]}</b>
            <a href={to("tasks", each.task_id)}>
              <Time at={each.timestamp} />
            </a>
          </p>
          <p class="prose">
            {each.content}
            {each.cut && "…"}
          </p>
        </li>
      ))}
    </ol>
  )
}
