// Events a second through the SSE parser and JSON.parse: `node bench/parse.mjs` (bundles the source with esbuild).
import { build } from "esbuild"

const { outputFiles } = await build({
  entryPoints: [new URL("../src/stream/sse.ts", import.meta.url).pathname],
  bundle: true,
  format: "esm",
  write: false,
})
const { SseParser } = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`
)

const EVENTS = 200_000
const SECONDS_A_CASE = 2

/** A stream as the server sends it: about 330 bytes an event, of which 260 are JSON. */
function stream(end) {
  const blocks = []
  for (let seq = 1; seq <= EVENTS; seq++) {
    const id = `k3x9ab.${seq}`
    const json = JSON.stringify({
      type: "reasoning",
      id,
      session_id: "ses_x88gi962113edflay5r9",
      task_id: "tsk_x88gi962113edflay5r9",
      attempt: 1,
      agent: "scripted",
      timestamp: "2026-11-21T10:00:00.123Z",
      data: { text: `Thought ${seq}: čaj 🦊.`, chunk: false, offset: 0 },
    })
    blocks.push(`id: ${id}`, "event: reasoning", `data: ${json}`, "")
  }
  return new TextEncoder().encode(blocks.join(end) + end)
}

function once(bytes, size, parse) {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true })
  const parser = new SseParser()
  let count = 0
  for (let at = 0; at < bytes.length; at += size) {
    for (const event of parser.push(decoder.decode(bytes.subarray(at, at + size), { stream: true }))) {
      if (parse) JSON.parse(event.data)
      count++
    }
  }
  if (count !== EVENTS) throw new Error(`${count} of ${EVENTS} events were found.`)
}

for (const [name, end, size, parse] of [
  ["64 KiB chunks", "\n", 65_536, false],
  ["64 KiB chunks, JSON parsed", "\n", 65_536, true],
  ["1 KiB chunks, JSON parsed", "\n", 1_024, true],
  ["CRLF, 64 KiB chunks, JSON parsed", "\r\n", 65_536, true],
]) {
  const bytes = stream(end)
  once(bytes, size, parse)
  const began = performance.now()
  let rounds = 0
  do {
    once(bytes, size, parse)
    rounds++
  } while (performance.now() - began < SECONDS_A_CASE * 1_000)
  const rate = (rounds * EVENTS * 1_000) / (performance.now() - began)
  console.log(`${name.padEnd(34)} ${Math.round(rate).toLocaleString("en")} events/s`)
}
