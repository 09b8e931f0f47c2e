/** What has weight: a body, or the whole of a square as seen from afar. */
interface Square {
  /** The centre of what is in it. */
  x: number
  y: number
  mass: number
  /** Its side. */
  readonly side: number
  readonly left: number
  readonly top: number
  parts: (Square | undefined)[] | null
}

/** A square is seen as one when it is nearer than its side times this. */
const NEAR = 1.1
const DEEPEST = 24

/** Points in squares in squares (Barnes and Hut): what pushes from afar is summed up. Build it anew when they have moved. */
export class Quadtree {
  readonly #root: Square

  constructor(points: readonly { x: number; y: number }[]) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
    for (const { x, y } of points) {
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = Math.max(bottom, y)
    }
    this.#root = square(left, top, Math.max(right - left, bottom - top) + 1)
    for (const { x, y } of points) put(this.#root, x, y, 1, DEEPEST)
  }

  /** The centre of all. */
  get centre(): { readonly x: number; readonly y: number } {
    return this.#root
  }

  /** Call `push` with every mass but the one at (x, y) itself, near ones one by one. */
  around(x: number, y: number, push: (dx: number, dy: number, mass: number) => void): void {
    const open = [this.#root]
    for (let each = open.pop(); each; each = open.pop()) {
      const [dx, dy] = [x - each.x, y - each.y]
      const near = dx * dx + dy * dy < each.side * each.side * NEAR
      if (each.parts && near) for (const part of each.parts) part && open.push(part)
      else if (each.parts || dx !== 0 || dy !== 0) push(dx, dy, each.mass)
      else if (each.mass > 1) push(0, 0, each.mass - 1)
    }
  }
}

function square(left: number, top: number, side: number): Square {
  return { x: 0, y: 0, mass: 0, side, left, top, parts: null }
}

function put(into: Square, x: number, y: number, mass: number, depth: number): void {
  const sum = into.mass + mass
  if (into.mass === 0 || depth === 0 || (!into.parts && into.x === x && into.y === y)) {
    // Alone here, or in one place with another.
    into.x = (into.x * into.mass + x * mass) / sum
    into.y = (into.y * into.mass + y * mass) / sum
    into.mass = sum
    return
  }
  if (!into.parts) {
    into.parts = [undefined, undefined, undefined, undefined]
    below(into, into.x, into.y, into.mass, depth)
  }
  below(into, x, y, mass, depth)
  into.x = (into.x * into.mass + x * mass) / sum
  into.y = (into.y * into.mass + y * mass) / sum
  into.mass = sum
}

function below(into: Square, x: number, y: number, mass: number, depth: number): void {
  const half = into.side / 2
  const [east, south] = [x >= into.left + half, y >= into.top + half]
  const at = (south ? 2 : 0) + (east ? 1 : 0)
  const parts = (into.parts ??= [])
  const part = (parts[at] ??= square(into.left + (east ? half : 0), into.top + (south ? half : 0), half))
  put(part, x, y, mass, depth - 1)
}
