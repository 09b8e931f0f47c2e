import { useEffect, useLayoutEffect, useRef } from "preact/hooks"
import { LoginAgain } from "./account/again"
import { askWho, silence } from "./account/door"
import { logIns } from "./account/ended"
import { me } from "./account/me"
import { LoginPage } from "./pages/login"
import { MissingPage } from "./pages/missing"
import { Announced } from "./parts/announced"
import { Boundary } from "./parts/boundary"
import { Confirm } from "./parts/confirm"
import { Loading } from "./parts/loading"
import { Nav } from "./parts/nav"
import { Problem } from "./parts/problem"
import { Shortcuts } from "./parts/shortcuts"
import { Toasts } from "./parts/toasts"
import { PLACES } from "./places"
import { route } from "./route"
import { SessionPage } from "./session/page"

/** The frame and, in it, the page that the address names; or the log-in, where the server asks for one. */
export function App() {
  // Whoever logged in, in this tab or another, need not be who it was before.
  useEffect(() => void askWho(), [logIns.value])
  return (
    <>
      <Inside />
      <LoginAgain />
      <Confirm />
      <Toasts />
      <Announced />
    </>
  )
}

function Inside() {
  if (me.value === null) return <LoginPage />
  const skip = () => document.getElementById("main")?.focus()
  return (
    <div class="shell">
      <button type="button" class="button primary skip" onClick={skip}>
        Skip to the content
      </button>
      <Nav />
      <Main />
      <Shortcuts />
    </div>
  )
}

function Main() {
  const here = route.value.path.join("/")
  const main = useRef<HTMLElement>(null)
  const before = useRef(here)
  useLayoutEffect(() => {
    // The first page is the browser's to focus; after that nobody else says that the page is another.
    if (before.current !== here) main.current?.focus({ preventScroll: true })
    before.current = here
    document.title = titleOf(here)
    main.current?.scrollTo(0, 0)
  }, [here])
  return (
    <main ref={main} class="main" id="main" tabIndex={-1}>
      <Boundary at={here}>{me.value ? <Place /> : <Waiting />}</Boundary>
    </main>
  )
}

function Place() {
  const [name = PLACES[0].name, id, ...more] = route.value.path
  const place = PLACES.find((each) => each.name === name)
  if (!place || more.length) return <MissingPage />
  if (name === "sessions" && id) return <SessionPage key={id} id={id} />
  return <place.Page />
}

function Waiting() {
  return (
    <div class="page">
      {silence.value ? <Problem text={silence.value} again={askWho} /> : <Loading label="Asking the server" />}
    </div>
  )
}

function titleOf(address: string): string {
  const label = PLACES.find(({ name }) => name === address)?.label
  return label ? `${label} · Puntini` : "Puntini"
}
