import { defineConfig } from "vitest/config"

// Node.js has a WebSocket of its own since version 22, and 20 with this flag.
export default defineConfig({ test: { execArgv: ["--experimental-websocket"] } })
