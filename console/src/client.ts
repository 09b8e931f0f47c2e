import { PuntiniClient } from "@puntini/client"
import { loggedInAgain } from "./account/ended"
import { me } from "./account/me"

/** The server that this page came from, by the browser's own cookies. */
export const client = new PuntiniClient({ credential: "cookie", fetch: patient })

/** `fetch`; but where a log-in has ended while somebody works, it has them log in and then asks once more. */
async function patient(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const answer = await fetch(input, init)
  if (answer.status !== 401 || !me.value || !isRenewal(input)) return answer
  await loggedInAgain()
  return fetch(input, init)
}

/** Whether this asks for the next tokens of a log-in: when that is refused, the log-in is over. */
function isRenewal(input: RequestInfo | URL): boolean {
  const address = input instanceof Request ? input.url : String(input)
  return new URL(address, location.href).pathname === "/v1/token/refresh"
}
