import { gzipSync } from "node:zlib"
import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import { expect, test } from "vitest"

/** How many bytes a page loads for the SDK at most, minified and gzipped. */
const MOST_BYTES = 13_800

test("the SDK is small", async () => {
  const entry = fileURLToPath(new URL("../src/index.ts", import.meta.url))

  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, minify: true, format: "esm", write: false })

  const size = gzipSync(outputFiles[0]!.contents, { level: 9 }).length
  console.log(`@puntini/client: ${size} bytes, minified and gzipped`)
  expect(size).toBeLessThanOrEqual(MOST_BYTES)
})
