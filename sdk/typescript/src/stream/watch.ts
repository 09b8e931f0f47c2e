import type { Ending } from "./endings.js"

/** One connection's abort signal: aborted with `parent`, or when something takes too long. `end` leaves nothing behind. */
export class Watch {
  /** What it ended with, where something took too long. */
  missed: Ending | undefined
  readonly #aborter = new AbortController()
  readonly #parent: AbortSignal
  readonly #follow = () => this.abort()

  constructor(parent: AbortSignal) {
    this.#parent = parent
    parent.addEventListener("abort", this.#follow)
    if (parent.aborted) this.abort()
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  /**
   * The result of `work`. If it takes longer than `ms`, everything is aborted, and `missed` is `ending`. An abort rejects
   * at once, whether or not `work` heeds it: a body that is being read does not always.
   */
  within<T>(ms: number, ending: Ending, work: Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const stop = () => reject(this.signal.reason)
      const timer = setTimeout(() => {
        this.missed = ending
        this.abort()
      }, ms)
      const done = () => {
        clearTimeout(timer)
        this.signal.removeEventListener("abort", stop)
      }
      this.signal.addEventListener("abort", stop)
      if (this.signal.aborted) stop()
      work.then(resolve, reject)
      work.then(done, done)
    })
  }

  abort(): void {
    this.#aborter.abort()
  }

  /** Abort what still runs, and let go of the parent. */
  end(): void {
    this.#parent.removeEventListener("abort", this.#follow)
    this.abort()
  }
}
