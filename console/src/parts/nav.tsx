import { route, to } from "../route"

const PLACES = [
  ["sessions", "Sessions"],
  ["agents", "Agents"],
  ["tasks", "Tasks"],
  ["templates", "Templates"],
  ["analytics", "Analytics"],
  ["account", "Account"],
] as const

export function Nav() {
  const here = route.value.path[0] ?? "sessions"
  return (
    <nav class="nav" aria-label="Main">
      <a class="brand" href={to("sessions")}>
        Puntini
      </a>
      {PLACES.map(([name, label]) => (
        <a key={name} class="place" href={to(name)} aria-current={here === name ? "page" : undefined}>
          {label}
        </a>
      ))}
    </nav>
  )
}
