import type { Signal } from "@preact/signals"
import type { SendOptions } from "@puntini/client"
import type { RefObject } from "preact"
import { useLayoutEffect, useState } from "preact/hooks"
import { client } from "../client"
import { Icon } from "../parts/icon"
import { useLoaded } from "../parts/loaded"
import { Select } from "../parts/select"

type IfBusy = NonNullable<SendOptions["ifBusy"]>

const IF_BUSY: readonly (readonly [IfBusy, string])[] = [
  ["enqueue", "after what runs"],
  ["steer", "to the task that runs"],
  ["interrupt", "instead of what runs"],
]
const MOST_PIXELS = 240

interface ComposerOptions {
  /** What is being written. */
  draft: Signal<string>
  box: RefObject<HTMLTextAreaElement>
  /** The session's own agent. */
  agent: string
  /** Whether a task runs. */
  running: boolean
  /** Why nothing can be sent; empty when it can. */
  blocked: string
  /** What was sent last. */
  last: () => string
  onSend: (prompt: string, options: SendOptions) => void
}

/** Where one says something. Enter sends, Shift+Enter begins a line, Up in the empty box brings the last prompt back, Escape leaves it. */
export function Composer({ draft, box, agent, running, blocked, last, onSend }: ComposerOptions) {
  const text = draft.value
  const setText = (text: string) => (draft.value = text)
  const [chosen, setChosen] = useState("")
  const [ifBusy, setIfBusy] = useState<IfBusy>("enqueue")
  useLayoutEffect(() => fit(box.current), [text, blocked])
  const send = () => {
    const prompt = text.trim()
    if (!prompt || blocked) return
    onSend(prompt, { ...(chosen && { agent: chosen }), ...(running && { ifBusy }) })
    setText("")
  }
  const press = (event: KeyboardEvent & { currentTarget: HTMLElement }) => {
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault()
      send()
    } else if (event.key === "Escape" && !event.isComposing) {
      event.currentTarget.blur()
    } else if (event.key === "ArrowUp" && !text && last()) {
      event.preventDefault()
      setText(last())
    }
  }
  const submit = (event: Event) => {
    event.preventDefault()
    send()
  }
  return (
    <form class="composer" onSubmit={submit}>
      <textarea
        ref={box}
        rows={1}
        value={text}
        disabled={!!blocked}
        placeholder={blocked || "Say what you want"}
        aria-label="Message"
        aria-describedby={blocked ? "composer-blocked" : undefined}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={press}
      />
      {blocked && (
        <span id="composer-blocked" class="hidden">
          {blocked}
        </span>
      )}
      <div class="composer-foot">
        <AgentChoice own={agent} chosen={chosen} onChoose={setChosen} disabled={!!blocked} />
        {running && !blocked && (
          <Select label="While a task runs, hand this in" options={IF_BUSY} chosen={ifBusy} onChoose={setIfBusy} />
        )}
        <button
          class="button primary icon-only send"
          disabled={!!blocked || !text.trim()}
          title="Send (Enter)"
          aria-label="Send"
        >
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}

interface AgentChoiceOptions {
  own: string
  chosen: string
  disabled: boolean
  onChoose: (name: string) => void
}

function AgentChoice({ own, chosen, disabled, onChoose }: AgentChoiceOptions) {
  const { value } = useLoaded((signal) => names(signal), [])
  const others = (value ?? []).filter((name) => name !== own)
  const options = [["", own || "agent"] as const, ...others.map((name) => [name, name] as const)]
  return <Select label="Agent" options={options} chosen={chosen} onChoose={onChoose} disabled={disabled} />
}

async function names(signal: AbortSignal): Promise<string[]> {
  const page = await client.http.ask<{ items: { name: string }[] }>("/v1/agents", { query: { limit: 100 }, signal })
  return page.items.map(({ name }) => name)
}

/** As high as its text, up to a bound. */
function fit(box: HTMLTextAreaElement | null): void {
  if (!box) return
  box.style.height = "auto"
  box.style.height = `${Math.min(box.scrollHeight, MOST_PIXELS)}px`
}
