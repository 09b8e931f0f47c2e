const FIRST_MS = 1_000

/**
 * How long to wait before the next try: "full jitter", a random part of a time that doubles with each failure, so that
 * those who were cut off together do not come back together.
 */
export class Backoff {
  /** Failures since something last arrived. */
  failures = 0
  /** The time that the server named for a first try. */
  base = FIRST_MS
  readonly #longest: number

  constructor(longest: number) {
    this.#longest = longest
  }

  /** The delay after one more failure, in milliseconds; never less than `atLeast`, which the server asked for. */
  next(atLeast = 0): number {
    const ceiling = Math.min(this.#longest, this.base * 2 ** Math.min(this.failures, 10))
    this.failures++
    return atLeast ? atLeast + Math.random() * FIRST_MS : Math.random() * ceiling
  }
}
