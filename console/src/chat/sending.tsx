import type { Outbox, Sending } from "./outbox"
import { Prompt } from "./prompt"

/** A prompt on its way: shown at once, and with what can be done when it did not arrive. `away` says that the server is. */
export function SendingItem({ sending, outbox, away }: { sending: Sending; outbox: Outbox; away: boolean }) {
  const { prompt, problem } = sending
  return (
    <article class="message user sending" aria-label="You" aria-busy={!problem}>
      <Prompt text={prompt} />
      {away && !problem && (
        <p class="sending-note small soft" role="status">
          Will be sent when the server is back
        </p>
      )}
      {problem && (
        <div class="notice bad row" role="alert">
          <span>{problem}</span>
          <button type="button" class="button" onClick={() => void outbox.again(sending)}>
            Send again
          </button>
          <button type="button" class="button quiet" onClick={() => outbox.discard(sending.id)}>
            Discard
          </button>
        </div>
      )}
    </article>
  )
}
