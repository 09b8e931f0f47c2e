import { computed, signal } from "@preact/signals"
import type { Me } from "@puntini/client"

/** Who looks at this page: undefined until the server has said, null when it asks for a log-in. */
export const me = signal<Me | null | undefined>(undefined)

/** Whether the server is open: it asks nobody who they are, for nobody has an account. */
export const isOpen = computed(() => me.value?.username === "local" && !me.value.account)

export const isAdmin = computed(() => me.value?.role === "admin" && me.value.scopes.includes("admin"))
