import { useEffect, useRef } from "preact/hooks"
import { Mark } from "../parts/mark"
import { LoginForm } from "../account/login"
import { useTitle } from "../parts/title"

/** What the server shows to those it does not know. The address stays, so that a log-in leads to where one wanted to go. */
export function LoginPage() {
  useTitle("Log in")
  const page = useRef<HTMLElement>(null)
  useEffect(() => page.current?.querySelector<HTMLElement>("[data-focus]")?.focus(), [])
  return (
    <main ref={page} class="login" id="main" tabIndex={-1}>
      <div class="login-box stack">
        <h1 class="row">
          <Mark /> Puntini
        </h1>
        <p class="soft">This server knows its users: log in to go on.</p>
        <div class="card">
          <LoginForm />
        </div>
        <p class="soft small">
          No account yet, or a password lost? An admin of this server makes one, or sets another.
        </p>
      </div>
    </main>
  )
}
