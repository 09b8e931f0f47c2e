import { THEMES, theme } from "./theme"

const WORDS = { system: "As the system", light: "Light", dark: "Dark" }

/** Light or dark. */
export function Appearance() {
  return (
    <section class="card row apart" aria-labelledby="theme-title">
      <h2 id="theme-title">Appearance</h2>
      <div class="segments" role="radiogroup" aria-labelledby="theme-title">
        {THEMES.map((each) => (
          <label key={each}>
            <input type="radio" name="theme" checked={theme.value === each} onChange={() => (theme.value = each)} />
            {WORDS[each]}
          </label>
        ))}
      </div>
    </section>
  )
}
