const TONES: Readonly<Record<string, string>> = {
  running: "accent",
  busy: "accent",
  waiting: "warn",
  paused: "warn",
  completed: "good",
  succeeded: "good",
  failed: "bad",
}

/** A task's, a call's or an agent's status. */
export function Status({ of, detail = "" }: { of: string; detail?: string }) {
  return <span class={`badge ${TONES[of] ?? ""}`}>{detail ? `${of}: ${detail}` : of}</span>
}

const ENDS: ReadonlySet<string> = new Set(["completed", "failed", "cancelled"])

/** Whether a task with this status has ended. */
export function hasEnded(status: string): boolean {
  return ENDS.has(status)
}
