import type { StateUpdateData } from "../protocol.js"
import { patched, PatchFailed } from "./patch.js"

/** A patch that would make the state larger than this, as JSON, fails; about where the server lets it fail. */
export const MOST_STATE = 16 << 20

/** The agent's state; `size` is what it takes as JSON, at most. */
export interface AgentMemory {
  readonly value: unknown
  readonly version: number
  readonly size: number
}

export function remembered(value: unknown, version: number): AgentMemory {
  return { value, version, size: MOST_STATE }
}

/** Take in an update. A patch that fails changes nothing, neither value nor version. */
export function updated(memory: AgentMemory, { version, snapshot, patch }: StateUpdateData): AgentMemory {
  const highest = Math.max(memory.version, version)
  if (!patch) return remembered(snapshot ?? null, highest)
  // Only when there seems to be no room is the state measured.
  const next = tried(memory, patch) ?? tried({ ...memory, size: JSON.stringify(memory.value).length }, patch)
  return next ? { ...next, version: highest } : memory
}

function tried(memory: AgentMemory, patch: readonly Record<string, unknown>[]): AgentMemory | undefined {
  try {
    const [value, growth] = patched(memory.value, patch, MOST_STATE - memory.size)
    return { ...memory, value, size: memory.size + growth }
  } catch (error) {
    if (error instanceof PatchFailed) return undefined
    throw error
  }
}
