import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const ROOT = resolve(import.meta.dirname, "../../../..")
const LOCAL = join(ROOT, ".venv/bin/python")
const PYTHON = process.env["PUNTINI_PYTHON"] ?? (existsSync(LOCAL) ? LOCAL : "python3")

/** A real `puntini serve` on a free port, in a directory of its own. */
export class Server {
  url = ""
  readonly #directory: string
  readonly #flags: readonly string[]
  #process: ChildProcess | undefined

  private constructor(directory: string, flags: readonly string[]) {
    this.#directory = directory
    this.#flags = flags
  }

  /** Start one; `flags` are those of `puntini serve`. */
  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(await mkdtemp(join(tmpdir(), "puntini-sdk-")), flags)
    await server.start().catch(async (failure: unknown) => {
      await server.remove()
      throw failure
    })
    return server
  }

  /** Start it again, on the same port and store. */
  async start(): Promise<void> {
    const port = this.url ? new URL(this.url).port : "0"
    const words = ["-m", "puntini", "serve", "--port", port, "--store", "puntini.db", "--log-format", "json"]
    const inherited = Object.entries(process.env).filter(([name]) => !/^(PUNTINI|ANTHROPIC)_/.test(name))
    this.#process = spawn(PYTHON, [...words, ...this.#flags], {
      cwd: this.#directory,
      env: { ...Object.fromEntries(inherited), PYTHONPATH: ROOT },
    })
    this.url = await addressIn(this.#process)
  }

  /** End it; by SIGKILL as a crash would. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const running = this.#process
    if (!running || running.exitCode !== null || running.signalCode !== null) return
    const ended = once(running, "exit")
    running.kill(signal)
    await ended
  }

  /** End it and leave nothing behind. */
  async remove(): Promise<void> {
    await this.stop("SIGKILL")
    await rm(this.#directory, { recursive: true, force: true })
  }
}

async function addressIn(started: ChildProcess): Promise<string> {
  let said = ""
  const found = new Promise<string>((found, failed) => {
    const read = (chunk: Buffer) => {
      said += chunk.toString()
      const address = /http:\/\/[\d.]+:\d+/.exec(said)?.[0]
      if (address) found(address)
    }
    started.stdout?.on("data", read)
    started.stderr?.on("data", read)
    started.on("exit", () => failed(new Error(`The server did not start:\n${said}`)))
    setTimeout(() => failed(new Error(`The server did not start in 20 s:\n${said}`)), 20_000).unref()
  })
  return found
}
