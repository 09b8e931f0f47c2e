import { client } from "../client"
import { download } from "../parts/download"
import type { Desk } from "./desk"

/** The graph that is shown, as the API's JSON, which can be brought in again. */
export function saveJson({ graph, current }: Desk): void {
  const { version, nodes, edges } = graph.value
  const text = JSON.stringify({ version, nodes: [...nodes.values()], edges: [...edges.values()] }, null, 2)
  download(new Blob([text], { type: "application/json" }), `${current.fileName.value}.json`)
}

/** The same as GraphML, which the server writes. */
export async function saveGraphml({ current, notice }: Desk): Promise<void> {
  const query = { format: "graphml", at: current.at.value || undefined }
  try {
    const answer = await client.http.send(`/v1/sessions/${encodeURIComponent(current.id)}/graph`, { query })
    download(await answer.blob(), `${current.fileName.value}.graphml`)
  } catch {
    notice.value = { tone: "bad", text: "The server did not give the GraphML: check the connection and try again." }
  }
}

/** A picture of the drawing. */
export async function savePicture({ current, drawing }: Desk): Promise<void> {
  const picture = await drawing.value?.picture()
  if (picture) download(picture, `${current.fileName.value}.png`)
}
