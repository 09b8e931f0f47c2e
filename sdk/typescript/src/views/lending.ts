/** A map that can be given away at no cost: it is copied before the next change, and only then. */
export class LendingMap<V> {
  #map = new Map<string, V>()
  #lent = false

  /** To look at, now: it may change. */
  get map(): ReadonlyMap<string, V> {
    return this.#map
  }

  /** To keep: it does not change any more. */
  lend(): ReadonlyMap<string, V> {
    this.#lent = true
    return this.#map
  }

  /** To change. */
  own(): Map<string, V> {
    if (this.#lent) {
      this.#map = new Map(this.#map)
      this.#lent = false
    }
    return this.#map
  }

  fork(): LendingMap<V> {
    const copy = new LendingMap<V>()
    copy.#map = this.#map
    copy.#lent = this.#lent = true
    return copy
  }
}
