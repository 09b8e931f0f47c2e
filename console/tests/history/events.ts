import type { Logged } from "../../src/history/ids"

/** Events as a server sends them, of one session. */
const envelope = (seq: number, seconds = 0) => ({
  id: `e.${seq}`,
  session_id: "ses_1",
  task_id: "tsk_1",
  attempt: 1,
  agent: "puntini",
  timestamp: new Date(Date.UTC(2026, 10, 21, 10) + seconds * 1000).toISOString(),
})

export function thought(seq: number, text = "", seconds = 0): Logged {
  return { type: "reasoning", ...envelope(seq, seconds), data: { text, chunk: false, offset: 0 } }
}

export function prompt(seq: number, text = "Draw a cat"): Logged {
  return { type: "user_prompt", ...envelope(seq), data: { message_id: `msg_${seq}`, prompt: text, user_id: "ann" } }
}

export function piece(seq: number, chunk: boolean): Logged {
  return { type: "assistant_response", ...envelope(seq), data: { message_id: "msg_a", text: "Yes", chunk, offset: 0 } }
}

export function debug(seq: number, level: "debug" | "info" | "warning" | "error"): Logged {
  return { type: "debug", ...envelope(seq), data: { message: "…", level } }
}

export function completed(seq: number): Logged {
  const usage = { input_tokens: 0, output_tokens: 0 }
  return { type: "task_completed", ...envelope(seq), data: { duration_seconds: 1, usage } }
}
