import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const sdk = (name: string) => fileURLToPath(new URL(`../sdk/typescript/src/${name}.ts`, import.meta.url))

export default defineConfig({
  resolve: {
    alias: [
      { find: /^@puntini\/client$/, replacement: sdk("index") },
      { find: /^@puntini\/client\/(.*)$/, replacement: sdk("$1") },
    ],
  },
})
