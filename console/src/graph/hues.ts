/** So many colours there are: `--graph-0` to `--graph-9`. */
export const HUES = 10

/**
 * Which colour each label has. A label asks for the same one in each session, and gets the next that is free when
 * another label has it.
 */
export class Hues {
  readonly #hues = new Map<string, number>()
  readonly #taken = new Set<number>()

  of(label: string): number {
    const known = this.#hues.get(label)
    if (known !== undefined) return known
    let hue = hashed(label) % HUES
    if (this.#taken.size < HUES) while (this.#taken.has(hue)) hue = (hue + 1) % HUES
    this.#taken.add(hue)
    this.#hues.set(label, hue)
    return hue
  }
}

/** FNV-1a. */
function hashed(text: string): number {
  let hash = 0x811c9dc5
  for (const letter of text) hash = Math.imul(hash ^ (letter.codePointAt(0) ?? 0), 0x01000193)
  return hash >>> 0
}
