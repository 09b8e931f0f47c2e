/** What is drawn at most, the oldest; the list and search know all. */
export const MOST_NODES = 5000
export const MOST_EDGES = 10_000

/** What makes of one collection of elements another. */
export interface Difference<T> {
  readonly added: readonly T[]
  readonly changed: readonly T[]
  readonly removed: readonly string[]
}

/** Compare by identity, which is cheap: an element that is the same object is the same. The first `most` of `wanted` count. */
export function difference<T extends { id: string }>(
  drawn: ReadonlyMap<string, T>,
  wanted: ReadonlyMap<string, T>,
  most = Infinity,
): Difference<T> {
  const added: T[] = []
  const changed: T[] = []
  const removed: string[] = []
  let met = 0
  const beyond = new Set<string>()
  for (const [id, element] of wanted) {
    const known = drawn.get(id)
    if (++met > most) beyond.add(id)
    else if (!known) added.push(element)
    else if (known !== element) changed.push(element)
  }
  for (const id of drawn.keys()) if (!wanted.has(id) || beyond.has(id)) removed.push(id)
  return { added, changed, removed }
}

/** Whether two elements say the same though they are two objects, as after a new snapshot. */
export function alike(one: object, other: object): boolean {
  return one === other || JSON.stringify(one) === JSON.stringify(other)
}
