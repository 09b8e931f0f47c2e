// A page for tests/sdk/test_browser.py: a client that shows what the browser keeps.
import { PuntiniClient } from "../../src/index.js"

const client = new PuntiniClient({ credential: "cookie" })
const page = { client, signedOut: 0 }
client.onSignedOut(() => page.signedOut++)
Object.assign(window, page, { page })
