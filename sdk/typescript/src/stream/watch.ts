import type { Ending } from "./endings.js"

/** One connection's abort signal: aborted with `parent`, or when something takes too long. `end` leaves nothing behind. */
export class Watch {
  /** What it ended with, where something took too long. */
  missed: Ending | undefined
  readonly #aborter = new AbortController()
  readonly #parent: AbortSignal
  readonly #follow = () => this.abort()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(parent: AbortSignal) {
    this.#parent = parent
    parent.addEventListener("abort", this.#follow)
    if (parent.aborted) this.abort()
  }

  get signal(): AbortSignal {
    return this.#aborter.signal
  }

  /** The result of `work`. If it takes longer than `ms`, everything is aborted, and `missed` is `ending`. */
  async within<T>(ms: number, ending: Ending, work: Promise<T>): Promise<T> {
    this.#timer = setTimeout(() => {
      this.missed = ending
      this.abort()
    }, ms)
    try {
      return await work
    } finally {
      clearTimeout(this.#timer)
    }
  }

  abort(): void {
    this.#aborter.abort()
  }

  /** Abort what still runs, and let go of the parent. */
  end(): void {
    clearTimeout(this.#timer)
    this.#parent.removeEventListener("abort", this.#follow)
    this.abort()
  }
}
