import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { onTestFinished } from "vitest"

/** A small web server that answers as it is told, until the test is over; and its address. */
export async function answering(
  answer: (request: IncomingMessage & { said: string }, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer((request, response) => {
    let said = ""
    request.on("data", (chunk: Buffer) => (said += chunk.toString()))
    request.on("end", () => answer(Object.assign(request, { said }), response))
  })
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Answer with JSON. */
export function json(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body))
}

/** Refuse, as the server does. */
export function refuse(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}) {
  json(response, status, { status, code, detail: `It was ${code}.`, errors: [], request_id: "req_1" }, headers)
}
