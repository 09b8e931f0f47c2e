/** What `work` gives. An abort rejects at once with its reason, whether or not `work` heeds it. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = () => reject(signal?.reason)
    signal?.addEventListener("abort", stop)
    if (signal?.aborted) stop()
    work.then(resolve, reject).then(() => signal?.removeEventListener("abort", stop))
  })
}

/**
 * Wait; rejects with the reason when `signal` is aborted. With `wakes` it ends at once when the browser is online again or
 * the page is looked at.
 */
export function pause(ms: number, signal?: AbortSignal, wakes = false): Promise<void> {
  let done = () => {}
  const over = new Promise<void>((resolve) => (done = resolve))
  const timer = setTimeout(done, ms)
  const wake = ({ type }: Event) => {
    if (type === "online" || document.visibilityState === "visible") done()
  }
  // The second one comes up to the window from the document.
  const calls = wakes ? ["online", "visibilitychange"] : []
  for (const call of calls) globalThis.addEventListener?.(call, wake)
  return unlessAborted(over, signal).finally(() => {
    clearTimeout(timer)
    for (const call of calls) globalThis.removeEventListener?.(call, wake)
  })
}
