import { expect, test, vi } from "vitest"
import { Choice } from "../../src/stream/choice.js"
import { CUT, type Ending } from "../../src/stream/endings.js"
import { Following, type Connection } from "../../src/stream/following.js"
import type { Batch, Source } from "../../src/stream/source.js"

test("a connection that lasted was a good one, though nothing came by it: it costs no long wait", async () => {
  const delays: number[] = []
  vi.useFakeTimers()
  const quiet: Source = {
    transport: "sse",
    async *open(): AsyncGenerator<Batch, Ending> {
      yield { events: [] }
      await new Promise((resolve) => setTimeout(resolve, 60_000))
      return CUT
    },
  }
  const sources = { sse: quiet, websocket: quiet, poll: quiet }
  const patience = { opening: 5_000, silence: 45_000, retry: 30_000 }
  const heard = ({ retryAt }: Partial<Connection>) => retryAt && delays.push(retryAt - Date.now())
  const following = new Following(sources, new Choice("sse"), "", patience, undefined, heard)
  const batches = following.batches()
  const next = batches.next()

  await vi.advanceTimersByTimeAsync(20 * 61_000)
  following.close()
  await vi.advanceTimersByTimeAsync(61_000)
  vi.useRealTimers()

  await next
  expect(delays.length).toBeGreaterThanOrEqual(19)
  expect(Math.max(...delays)).toBeLessThanOrEqual(1_000)
})
