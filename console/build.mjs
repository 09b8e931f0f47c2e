// Builds the console into puntini/console/static: one page, and assets whose names change with what is in them.
import { build, context } from "esbuild"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"

const HERE = fileURLToPath(new URL(".", import.meta.url))
const OUT = join(HERE, "../puntini/console/static")
const SDK = join(HERE, "../sdk/typescript/src")
const WATCH = process.argv.includes("--watch")

const options = {
  absWorkingDir: HERE,
  entryPoints: { console: "src/main.tsx", first: "src/first.ts", style: "src/style/style.css", icon: "src/icon.svg" },
  outdir: join(OUT, "assets"),
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  minify: !WATCH,
  legalComments: "none", // the licences of what is bundled are in licences.txt
  metafile: true,
  loader: { ".svg": "copy" },
  alias: {
    "@puntini/client": join(SDK, "index.ts"),
    "@puntini/client/activities": join(SDK, "activities.ts"),
    "@puntini/client/tabs": join(SDK, "tabs.ts"),
    "@puntini/client/timeline": join(SDK, "timeline.ts"),
  },
  plugins: [{ name: "page", setup: (made) => made.onEnd(page) }],
}

/** index.html names the entries as they are called now, and has the first chunks fetched at once. */
async function page({ metafile, errors }) {
  if (errors.length) return
  const outputs = Object.entries(metafile.outputs)
  const named = Object.fromEntries(
    outputs.filter(([, each]) => each.entryPoint).map(([path, each]) => [each.entryPoint, [path, each]]),
  )
  const [script, { imports }] = named["src/main.tsx"]
  const preloads = imports
    .filter(({ kind }) => kind === "import-statement")
    .map(({ path }) => `<link rel="modulepreload" href="/assets/${basename(path)}" />`)
  const names = {
    "%SCRIPT%": basename(script),
    "%FIRST%": basename(named["src/first.ts"][0]),
    "%STYLE%": basename(named["src/style/style.css"][0]),
    "%ICON%": basename(outputs.find(([path]) => path.endsWith(".svg"))[0]),
    "%PRELOADS%": preloads.join("\n    "),
  }
  const html = await readFile(join(HERE, "src/index.html"), "utf8")
  await writeFile(
    join(OUT, "index.html"),
    html.replace(/%[A-Z]+%/g, (name) => names[name] ?? name),
  )
}

/** MIT, Apache and the like ask that their notice goes along with copies. */
async function licences() {
  const packages = ["preact", "@preact/signals", "@preact/signals-core", "cytoscape", "dompurify", "marked"]
  const texts = packages.map(async (name) => {
    const text = await readFile(join(HERE, `../node_modules/${name}/LICENSE`), "utf8")
    return `${name}\n\n${text.trim()}\n`
  })
  await writeFile(join(OUT, "assets/licences.txt"), (await Promise.all(texts)).join("\n" + "-".repeat(80) + "\n\n"))
}

await rm(OUT, { recursive: true, force: true })
await mkdir(join(OUT, "assets"), { recursive: true })
if (WATCH) await (await context(options)).watch()
else await build(options)
await licences()
