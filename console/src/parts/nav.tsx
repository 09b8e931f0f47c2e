import { isOpen } from "../account/me"
import { PLACES } from "../places"
import { route, to } from "../route"
import { Icon } from "./icon"
import { Mark } from "./mark"

/** The places of the console: at the side, or below on narrow screens. */
export function Nav() {
  const here = route.value.path[0] ?? PLACES[0].name
  return (
    <nav class="nav" aria-label="Main">
      <a class="brand" href={to()} title="Puntini: start">
        <Mark />
        <span class="hidden">Puntini: start</span>
      </a>
      {PLACES.map(({ name, label }) => (
        <a
          key={name}
          class={`place ${name === "account" ? "end" : ""}`}
          href={to(name)}
          aria-current={here === name ? "page" : undefined}
        >
          <Icon name={name} />
          <span class="place-label">{label}</span>
          {name === "account" && isOpen.value && <span class="place-note">open</span>}
        </a>
      ))}
    </nav>
  )
}
