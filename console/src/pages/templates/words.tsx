import type { TemplateInfo } from "@puntini/client"
import { many } from "../words"

export const DIFFICULTIES = ["easy", "medium", "hard"] as const

const TONES = { easy: "good", medium: "warn", hard: "bad" } as const

export function Difficulty({ of }: { of: TemplateInfo["difficulty"] }) {
  return <span class={`badge ${TONES[of]}`}>{of}</span>
}

/** How long it takes; nothing where nobody said. */
export function hours(value: number | null): string {
  return value ? many(value, "hour") : ""
}

export function asDifficulty(value: string): TemplateInfo["difficulty"] {
  return DIFFICULTIES.find((each) => each === value) ?? "medium"
}
