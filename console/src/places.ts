import type { ComponentType } from "preact"
import { AccountPage } from "./pages/account"
import { AgentsPage } from "./pages/agents"
import { AnalyticsPage } from "./pages/analytics"
import { DocumentsPage } from "./pages/documents"
import { SessionsPage } from "./pages/sessions"
import { TasksPage } from "./pages/tasks"
import { TemplatesPage } from "./pages/templates"
import type { IconName } from "./parts/icon"

export interface PlaceInfo {
  /** The first part of its address, and the name of its icon. */
  readonly name: IconName
  readonly label: string
  /** Behind `g`, the key that leads there. */
  readonly key: string
  readonly Page: ComponentType
}

/** Where one can go, in the order in which it is shown. The first is where one begins. */
export const PLACES: readonly [PlaceInfo, ...PlaceInfo[]] = [
  { name: "sessions", label: "Sessions", key: "s", Page: SessionsPage },
  { name: "agents", label: "Agents", key: "a", Page: AgentsPage },
  { name: "tasks", label: "Tasks", key: "t", Page: TasksPage },
  { name: "templates", label: "Templates", key: "m", Page: TemplatesPage },
  { name: "documents", label: "Documents", key: "d", Page: DocumentsPage },
  { name: "analytics", label: "Analytics", key: "n", Page: AnalyticsPage },
  { name: "account", label: "Account", key: "c", Page: AccountPage },
]
