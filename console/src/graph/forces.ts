import { Quadtree } from "./quadtree"

/** Where a node is, how it moves and how freely: with a `heat` of 0 it stays. */
export interface Body {
  x: number
  y: number
  heat: number
  /** Somebody put it where it is. */
  held: boolean
}

interface Moving extends Body {
  vx: number
  vy: number
  /** An angle of its own. */
  readonly turn: number
  /** The bodies that it is tied to, and by how many edges. */
  readonly ties: Map<Moving, number>
}

const LENGTH = 90
const REPULSION = 330
const GRAVITY = 0.03
const FRICTION = 0.6
const COOLING = 0.972
const COLD = 0.02
const FRESH = 0.8
const NEAR = 0.12
/** In a graph of up to so many nodes all make some room for new ones, if several come. */
const SMALL = 40
const LOOSE = 0.3
const GOLDEN = Math.PI * (3 - Math.sqrt(5))

/**
 * Nodes that push each other away and edges that pull: what is new finds its place, what is there stays.
 *
 * Only warm bodies move, and they cool, so it comes to rest by itself. A tick costs what the warm ones cost.
 */
export class Forces {
  readonly #bodies = new Map<string, Moving>()

  get size(): number {
    return this.#bodies.size
  }

  get(id: string): Body | undefined {
    return this.#bodies.get(id)
  }

  entries(): IterableIterator<[string, Body]> {
    return this.#bodies.entries()
  }

  /** A new body, where it was once (`at`), or near one of `neighbours`, or beside all. For one that comes `alone` no other moves. */
  add(id: string, neighbours: readonly string[], at?: { x: number; y: number }, alone = false): Body {
    const place = at ?? this.#placed(neighbours)
    const body: Moving = {
      ...place,
      vx: 0,
      vy: 0,
      turn: this.size * GOLDEN,
      heat: at ? 0 : FRESH,
      held: false,
      ties: new Map(),
    }
    this.#bodies.set(id, body)
    if (!at && !alone && this.size <= SMALL) this.#warm(LOOSE)
    return body
  }

  remove(id: string): void {
    const body = this.#bodies.get(id)
    if (!body) return
    for (const other of body.ties.keys()) other.ties.delete(body)
    this.#bodies.delete(id)
  }

  /** An edge; with `gently` its ends come nearer to each other. */
  tie(source: string, target: string, gently: boolean): void {
    const [one, other] = [this.#bodies.get(source), this.#bodies.get(target)]
    if (!one || !other || one === other) return
    one.ties.set(other, (one.ties.get(other) ?? 0) + 1)
    other.ties.set(one, (other.ties.get(one) ?? 0) + 1)
    if (!gently) return
    for (const end of [one, other]) end.heat = Math.max(end.heat, NEAR)
    if (this.size <= SMALL) this.#warm(LOOSE)
    // One that came alone hangs somewhere: its first edge says where it belongs.
    for (const end of [one, other]) if (end.ties.size === 1) end.heat = Math.max(end.heat, FRESH)
  }

  untie(source: string, target: string): void {
    const [one, other] = [this.#bodies.get(source), this.#bodies.get(target)]
    if (one && other) (loosen(one, other), loosen(other, one))
  }

  /** Let all find better places, also those that somebody moved. */
  arrange(): void {
    for (const body of this.#bodies.values()) body.held = false
    this.#warm(1)
  }

  /** Move a little. Returns whether there is more to do. */
  tick(): boolean {
    const warm = [...this.#bodies.values()].filter((each) => each.heat > COLD && !each.held)
    if (!warm.length) return false
    const tree = new Quadtree([...this.#bodies.values()])
    const { x, y } = tree.centre
    for (const body of warm) {
      repel(body, tree)
      pull(body)
      body.vx += (x - body.x) * GRAVITY * body.heat
      body.vy += (y - body.y) * GRAVITY * body.heat
    }
    for (const body of warm) {
      body.x += body.vx *= FRICTION
      body.y += body.vy *= FRICTION
      body.heat *= COOLING
    }
    return true
  }

  #warm(heat: number): void {
    for (const body of this.#bodies.values()) body.heat = Math.max(body.heat, heat)
  }

  #placed(neighbours: readonly string[]): { x: number; y: number } {
    const near = neighbours.map((id) => this.#bodies.get(id)).filter((each) => each !== undefined)
    const parent = near[0]
    const turn = this.size * GOLDEN
    if (!parent) {
      const radius = LENGTH * 0.7 * Math.sqrt(this.size)
      return { x: radius * Math.cos(turn), y: radius * Math.sin(turn) }
    }
    if (near.length > 1) {
      const x = near.reduce((sum, each) => sum + each.x, 0) / near.length
      const y = near.reduce((sum, each) => sum + each.y, 0) / near.length
      return { x: x + 20 * Math.cos(turn), y: y + 20 * Math.sin(turn) }
    }
    // Outwards, where there is more room, and not two in one place.
    const out = Math.atan2(parent.y, parent.x) + Math.sin(turn) * 1.2
    return { x: parent.x + LENGTH * Math.cos(out), y: parent.y + LENGTH * Math.sin(out) }
  }
}

function repel(body: Moving, tree: Quadtree): void {
  tree.around(body.x, body.y, (dx, dy, mass) => {
    // Two in one place part, each its own way.
    const x = dx || 2 * Math.cos(body.turn)
    const y = dy || 2 * Math.sin(body.turn)
    const strength = (REPULSION * mass * body.heat) / Math.max(x * x + y * y, 64)
    body.vx += x * strength
    body.vy += y * strength
  })
}

function pull(body: Moving): void {
  for (const other of body.ties.keys()) {
    const [x, y] = [other.x - body.x, other.y - body.y]
    const distance = Math.hypot(x, y) || 1
    const [mine, theirs] = [body.ties.size, other.ties.size]
    const share = other.heat > COLD ? theirs / (mine + theirs) : 1
    const length = LENGTH + 5 * Math.sqrt(Math.max(mine, theirs))
    const strength = (((distance - length) / distance) * share * body.heat) / Math.min(mine, theirs)
    body.vx += x * strength
    body.vy += y * strength
  }
}

function loosen(body: Moving, other: Moving): void {
  const left = (body.ties.get(other) ?? 0) - 1
  if (left > 0) body.ties.set(other, left)
  else body.ties.delete(other)
}
