import { defineConfig } from "vitest/config"

// Node.js has a WebSocket of its own since version 22, and 20 with this flag. Hooks start servers, on busy machines too.
export default defineConfig({ test: { execArgv: ["--experimental-websocket"], hookTimeout: 30_000 } })
