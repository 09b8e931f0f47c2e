/** A page of a list, and how many there are in all. */
export interface Page<T> {
  items: T[]
  total: number
}

/** What a page holds, and where the next one begins; without that it is the last. */
type Step<T, P, C> = (page: P, cursor: C) => [items: readonly T[], next: C | undefined]

/**
 * A list that is asked for when it is used: `await` it for one page, or iterate it with `for await` over all that there is,
 * page by page. What comes or goes meanwhile can make an item show twice or not at all.
 */
export class Listing<T, P = Page<T>, C = number> implements PromiseLike<P>, AsyncIterable<T> {
  readonly #ask: (cursor: C) => Promise<P>
  readonly #first: C
  readonly #step: Step<T, P, C>

  constructor(ask: (cursor: C) => Promise<P>, first: C, step: Step<T, P, C>) {
    this.#ask = ask
    this.#first = first
    this.#step = step
  }

  /** One page, for `await`. */
  then<A = P, B = never>(
    done?: ((page: P) => A | PromiseLike<A>) | null,
    failed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#ask(this.#first).then(done, failed)
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (let cursor: C | undefined = this.#first; cursor !== undefined;) {
      const [items, next]: [readonly T[], C | undefined] = this.#step(await this.#ask(cursor), cursor)
      yield* items
      cursor = next
    }
  }
}
