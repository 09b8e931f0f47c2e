import type { ComponentType } from "preact"
import { Nav } from "./parts/nav"
import { AccountPage } from "./pages/account"
import { AgentsPage } from "./pages/agents"
import { AnalyticsPage } from "./pages/analytics"
import { SessionsPage } from "./pages/sessions"
import { TasksPage } from "./pages/tasks"
import { TemplatesPage } from "./pages/templates"
import { route } from "./route"
import { SessionPage } from "./session/page"

const PAGES: Record<string, ComponentType> = {
  sessions: SessionsPage,
  agents: AgentsPage,
  tasks: TasksPage,
  templates: TemplatesPage,
  analytics: AnalyticsPage,
  account: AccountPage,
}

/** The frame and, in it, the page that the address names. */
export function App() {
  return (
    <div class="shell">
      <Nav />
      <main class="main" id="main" tabIndex={-1}>
        <Place />
      </main>
    </div>
  )
}

function Place() {
  const [name = "sessions", id] = route.value.path
  if (name === "sessions" && id) return <SessionPage key={id} id={id} />
  const Page = PAGES[name] ?? SessionsPage
  return <Page />
}
