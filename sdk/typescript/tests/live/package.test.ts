import { execFile } from "node:child_process"
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { transform } from "esbuild"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { Server } from "./server.js"

const PACKAGE = resolve(import.meta.dirname, "../..")
const ROOT = resolve(PACKAGE, "../..")
const MODULES = join(ROOT, "node_modules")
const run = promisify(execFile)

const readme = await readFile(join(PACKAGE, "README.md"), "utf8")
const blocks = [...readme.matchAll(/```(tsx?)\n([^]*?)```/g)].map(([, kind = "", code = ""], index) => ({
  file: `example-${index + 1}.${kind}`,
  code,
}))
const runnable = blocks.filter(({ code }) => code.includes("http://127.0.0.1:8000"))

/** A project of somebody who installed the package. */
let folder: string
let server: Server

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "puntini-package-"))
  const home = join(folder, "node_modules/@puntini")
  await mkdir(home, { recursive: true })
  const { stdout } = await run("npm", ["pack", "--json", "--pack-destination", folder, await staged()])
  const [packed] = JSON.parse(stdout.slice(stdout.indexOf("[\n"))) as [{ filename: string }]
  await run("tar", ["-xzf", join(folder, packed.filename), "-C", home])
  await run("mv", [join(home, "package"), join(home, "client")])
  for (const name of ["react", "@types"]) await symlink(join(MODULES, name), join(folder, "node_modules", name))
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
  server = await Server.start("--agent", "puntini", "--agent", "shop=examples.langgraph_agent:graph")
}, 60_000)

afterAll(async () => {
  await server?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** What is packed, built beside the sources: other tests may be using what was built there. */
async function staged(): Promise<string> {
  const stage = join(folder, "stage")
  await run(join(MODULES, ".bin/tsc"), ["-p", join(PACKAGE, "tsconfig.build.json"), "--outDir", join(stage, "dist")])
  for (const name of ["README.md", "LICENSE"]) await copyFile(join(PACKAGE, name), join(stage, name))
  const { scripts: _, ...rest } = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")) as {
    scripts: unknown
  }
  await writeFile(join(stage, "package.json"), JSON.stringify(rest))
  return stage
}

test("the package holds its licence and what is built, and nothing else", async () => {
  const home = join(folder, "node_modules/@puntini/client")
  const { stdout } = await run("find", [home, "-type", "f"])
  const files = stdout
    .trim()
    .split("\n")
    .map((each) => each.slice(home.length + 1))

  expect(files.filter((each) => !/^dist\/.*\.(js|d\.ts)$/.test(each)).sort()).toEqual([
    "LICENSE",
    "README.md",
    "package.json",
  ])
  expect(await readFile(join(home, "LICENSE"), "utf8")).toBe(await readFile(join(ROOT, "LICENSE"), "utf8"))
})

test("the types of the package fit all examples of the README", async () => {
  for (const { file, code } of blocks) await writeFile(join(folder, file), code)
  const options = {
    module: "nodenext",
    target: "es2022",
    strict: true,
    noEmit: true,
    jsx: "react-jsx",
    types: ["node"],
  }
  const lib = ["es2023", "dom", "dom.iterable", "dom.asynciterable"]
  const config = { compilerOptions: { ...options, lib }, include: ["example-*"] }
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config))

  const { stdout } = await run(join(MODULES, ".bin/tsc"), ["-p", folder]).catch((error: { stdout: string }) => error)

  expect(stdout).toBe("")
}, 60_000)

describe.concurrent.each(runnable)("$file of the README", ({ file, code }) => {
  test("runs in Node.js", async ({ expect }) => {
    const script = await transform(code.replaceAll("http://127.0.0.1:8000", server.url), { loader: "ts" })
    await writeFile(join(folder, `${file}.mjs`), script.code)

    const { stdout, stderr } = await run("node", [`${file}.mjs`], { cwd: folder, timeout: 20_000 })

    expect(stdout).not.toBe("")
    expect(stderr).toBe("")
  }, 30_000)
})
