// Follows a stream with the npm package `eventsource` and prints what happens, one JSON value a line:
//   {"event": name, "id": lastEventId, "data": …}   for each event
//   {"state": "open" | "trouble" | "stopped", …}    for the connection itself
// It ends by itself when the client gives up (readyState CLOSED), as after a 204. Usage: node follow.mjs <url> <names>
import { EventSource } from 'eventsource'

const [url, names] = process.argv.slice(2)
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const source = new EventSource(url)

source.onopen = () => say({ state: 'open' })
source.onerror = (error) => {
  const stopped = source.readyState === EventSource.CLOSED
  say({ state: stopped ? 'stopped' : 'trouble', code: error.code ?? null })
}
for (const name of names.split(',')) {
  source.addEventListener(name, ({ data, lastEventId }) => say({ event: name, id: lastEventId, data: JSON.parse(data) }))
}
