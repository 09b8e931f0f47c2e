import type { Outbox, Sending } from "./outbox"

/** A prompt on its way: shown at once, and with what can be done when it did not arrive. */
export function SendingItem({ sending, outbox }: { sending: Sending; outbox: Outbox }) {
  const { prompt, problem } = sending
  return (
    <article class="message user sending" aria-label="You" aria-busy={!problem}>
      <p class="message-prompt">{prompt}</p>
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
