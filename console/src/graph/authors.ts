import type { GraphUpdateData, PuntiniEvent } from "@puntini/client"

/** So many elements' authors are remembered, the latest. */
const MOST = 5000

export interface Change {
  readonly author: string
  readonly timestamp: string
}

/** Who changed which element last, as far as it was seen. */
export class Authors {
  readonly #changes = new Map<string, Change>()

  take(event: PuntiniEvent): void {
    if (event.type === "session_ready") this.#changes.clear()
    if (event.type !== "graph_update") return
    const change = { author: event.data.author, timestamp: event.timestamp }
    for (const id of touched(event.data)) {
      this.#changes.delete(id)
      this.#changes.set(id, change)
    }
    const over = this.#changes.size - MOST
    if (over > 0) for (const id of [...this.#changes.keys()].slice(0, over)) this.#changes.delete(id)
  }

  of(kind: "node" | "edge", id: string): Change | undefined {
    return this.#changes.get(`${kind} ${id}`)
  }
}

function touched({ delta }: GraphUpdateData): string[] {
  return delta.flatMap(({ node, edge }) => (node ? `node ${node.id}` : edge ? `edge ${edge.id}` : []))
}
