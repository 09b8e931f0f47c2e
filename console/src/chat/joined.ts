import type { Activity } from "@puntini/client"

/** What a task did and what has been followed of it since, as one. */
export function joined(read: Activity | undefined, followed: Activity | undefined): Activity | undefined {
  if (!read || !followed) return followed ?? read
  const items = new Map([...read.items, ...followed.items].map((item) => [`${item.kind} ${item.id}`, item]))
  return { ...followed, plan: followed.plan ?? read.plan, items: [...items.values()] }
}
