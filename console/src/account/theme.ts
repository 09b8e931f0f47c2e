import { effect } from "@preact/signals"
import { kept } from "../parts/kept"

export const THEMES = ["system", "light", "dark"] as const
export type Theme = (typeof THEMES)[number]

const isTheme = (value: unknown): value is Theme => THEMES.some((each) => each === value)

/** What this browser shows the console in. `first.ts` reads it before anything is drawn. */
export const theme = kept<Theme>("puntini.theme", "system", isTheme)

effect(() => {
  if (theme.value === "system") delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = theme.value
})
