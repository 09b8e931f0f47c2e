import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { existsSync } from "node:fs"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"

const ROOT = resolve(import.meta.dirname, "../../../../..")
const VENV = join(ROOT, ".venv/bin/python")
const PYTHON = process.env["PUNTINI_PYTHON"] ?? (existsSync(VENV) ? VENV : "python3")

/** A real `puntini serve` with the scripted agent, in a private directory. It can be killed and started again. */
export class Serving {
  url = ""
  readonly #directory: string
  readonly #flags: readonly string[]
  readonly #environment: Record<string, string>
  #port = "0"
  #process: ChildProcess | undefined

  private constructor(directory: string, flags: readonly string[], environment: Record<string, string>) {
    this.#directory = directory
    this.#flags = flags
    this.#environment = environment
  }

  static async begin(flags: readonly string[] = [], environment: Record<string, string> = {}): Promise<Serving> {
    const serving = new Serving(await mkdtemp(join(tmpdir(), "puntini-sdk-")), flags, environment)
    await serving.start()
    return serving
  }

  /** Start it, on the same port and store as before. Resolves when it serves. */
  async start(): Promise<void> {
    const inherited = Object.entries(process.env).filter(([name]) => !/^(PUNTINI|ANTHROPIC|NODE|VITEST)_/.test(name))
    const child = spawn(
      PYTHON,
      ["-m", "puntini", "serve", "--port", this.#port, "--store", "puntini.db", "--agent", "scripted", ...this.#flags],
      {
        cwd: this.#directory,
        env: { ...Object.fromEntries(inherited), PYTHONPATH: ROOT, ...this.#environment },
        stdio: ["ignore", "pipe", "pipe"],
      },
    )
    this.#process = child
    const said: string[] = []
    child.stderr.on("data", (bytes: Buffer) => said.push(bytes.toString()))
    for await (const line of createInterface(child.stdout)) {
      said.push(line)
      const found = /address\s+(http:\S+:(\d+))/.exec(line)
      if (!found) continue
      this.url = found[1] ?? ""
      this.#port = found[2] ?? ""
      child.stdout.resume()
      return
    }
    throw new Error(`The server did not start:\n${said.join("\n")}`)
  }

  /** SIGKILL, as a crash would. */
  async kill(signal: NodeJS.Signals = "SIGKILL"): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, "exit")
  }

  async end(): Promise<void> {
    await this.kill()
    await rm(this.#directory, { recursive: true, force: true })
  }
}
