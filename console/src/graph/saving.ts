import { client } from "../client"
import type { Desk } from "./desk"

/** Hand a file to the person. */
function save(content: Blob, name: string): void {
  const url = URL.createObjectURL(content)
  const link = document.createElement("a")
  link.href = url
  link.download = name
  link.click()
  // The browser has taken hold of it by the next task.
  setTimeout(() => URL.revokeObjectURL(url))
}

/** The graph that is shown, as the API's JSON, which can be brought in again. */
export function saveJson({ graph, current }: Desk): void {
  const { version, nodes, edges } = graph.value
  const text = JSON.stringify({ version, nodes: [...nodes.values()], edges: [...edges.values()] }, null, 2)
  save(new Blob([text], { type: "application/json" }), `${current.fileName.value}.json`)
}

/** The same as GraphML, which the server writes. */
export async function saveGraphml({ current, notice }: Desk): Promise<void> {
  const query = { format: "graphml", at: current.at.value || undefined }
  try {
    const answer = await client.http.send(`/v1/sessions/${encodeURIComponent(current.id)}/graph`, { query })
    save(await answer.blob(), `${current.fileName.value}.graphml`)
  } catch {
    notice.value = { tone: "bad", text: "The server did not give the GraphML: check the connection and try again." }
  }
}

/** A picture of the drawing. */
export async function savePicture({ current, drawing }: Desk): Promise<void> {
  const picture = await drawing.value?.picture()
  if (picture) save(picture, `${current.fileName.value}.png`)
}
