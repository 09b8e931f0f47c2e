import { PuntiniClient } from "@puntini/client"

/** The server that this page came from, by the browser's own cookies. */
export const client = new PuntiniClient({ credential: "cookie" })
