import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer, type AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { build } from "esbuild"
import { afterAll, beforeAll, expect, test } from "vitest"
import { PuntiniClient } from "../../../src/index.js"
import { Serving } from "./serving.js"
import { session } from "./sessions.js"

let serving: Serving
let directory: string
let bundle: string

beforeAll(async () => {
  serving = await Serving.begin()
  directory = await mkdtemp(join(tmpdir(), "puntini-sdk-"))
  bundle = join(directory, "sdk.mjs")
  const contents = 'export { PuntiniClient } from "./index.js"; export { websocket } from "./websocket.js"'
  const stdin = { contents, resolveDir: resolve(import.meta.dirname, "../../../src") }
  await build({ stdin, bundle: true, format: "esm", outfile: bundle })
}, 30_000)

afterAll(async () => {
  await serving.end()
  await rm(directory, { recursive: true, force: true })
})

/** Run a program that follows a session until `connection` is as wished, then closes. It must end by itself. */
async function ends(url: string, id: string, transport: string, wished: string): Promise<void> {
  const program = `
    import { PuntiniClient, websocket } from ${JSON.stringify(bundle)}
    const stream = new PuntiniClient({ baseUrl: ${JSON.stringify(url)}, websocket }).stream("${id}", { transport: "${transport}" })
    stream.on("event", () => {})
    let closed = 0
    stream.on("connection", (connection) => {
      if (closed || !(${wished})) return
      closed = performance.now()
      stream.close()
    })
    process.on("exit", () => console.log(performance.now() - closed))`
  const flags = ["--experimental-websocket", "--no-warnings", "--input-type=module", "-e", program]
  const { stdout } = await promisify(execFile)(process.execPath, flags, { timeout: 15_000 })
  // The shortest thing that could have held it is the patience for an opening, 5 s.
  expect(Number(stdout)).toBeLessThan(4_000)
}

test.concurrent.each(["sse", "websocket", "poll"])(
  "a stream over %s leaves no timer and no socket behind",
  async (transport) => {
    const { id } = await session(new PuntiniClient({ baseUrl: serving.url }))
    await ends(serving.url, id, transport, "connection.live")
  },
  20_000,
)

test.concurrent.each(["sse", "websocket", "poll"])(
  "nor does one over %s that waits for another try",
  async (transport) => {
    // Nobody listens at the port of a server that has ended.
    const gone = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => gone.once("listening", resolve))
    const { port } = gone.address() as AddressInfo
    await new Promise((resolve) => gone.close(resolve))
    await ends(`http://127.0.0.1:${port}`, "ses_1", transport, 'connection.status === "waiting"')
  },
  20_000,
)
