import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, expect, test, vi } from "vitest"
import { PuntiniClient, type EventStream, type PuntiniEvent } from "../../../src/index.js"
import { websocket } from "../../../src/websocket.js"
import { Chance } from "./chance.js"
import { FaultProxy, type Fault } from "./proxy.js"
import { Serving } from "./serving.js"
import { command, log, session } from "./sessions.js"

const STREAMS = 200
const SESSIONS = 8
const EVENTS = 120
const PROMPTS = new Array<string>(SESSIONS).fill(`play ${EVENTS} events every 20 ms`)
const FAULTS_A_STREAM = 4
const SEED = Number(process.env["PUNTINI_SEED"] ?? Math.floor(Math.random() * 2 ** 31))

let serving: Serving
let heard = 0

beforeAll(async () => {
  // Nobody is limited here, and a sign of life each second lets a dead connection be noticed soon.
  const flags = ["--rate-limit", "0", "--max-streams-per-user", "10000", "--ping-seconds", "1"]
  serving = await Serving.begin(flags)
}, 30_000)

afterAll(() => serving.end())

test(`${STREAMS} streams over faults lose nothing and repeat nothing (PUNTINI_SEED=${SEED})`, async () => {
  console.log(`PUNTINI_SEED=${SEED}`)
  const chances = Array.from({ length: STREAMS }, (_, at) => new Chance(SEED + at))
  const left = new Array<number>(STREAMS).fill(FAULTS_A_STREAM)
  const done = new Map<string, number>()
  const proxy = await FaultProxy.begin(serving.url, (name) => {
    const at = Number(name)
    const chance = chances[at]
    if (!chance || !left[at]) return { kind: "none" }
    left[at]--
    const fault = anyFault(chance)
    done.set(fault.kind, (done.get(fault.kind) ?? 0) + 1)
    return fault
  })
  try {
    // Given sessions in which agents talk,
    const direct = new PuntiniClient({ baseUrl: serving.url, websocket })
    const sessions = await Promise.all(PROMPTS.map(async (prompt) => (await session(direct, prompt)).id))
    // when each stream follows one of them through a proxy that does it harm,
    const followers = chances.map((chance, at) => {
      const client = new PuntiniClient({ baseUrl: proxy.url(String(at)), websocket })
      return follow(client, sessions[at % SESSIONS] ?? "", chance)
    })
    // and the server is killed and started again in the middle,
    await vi.waitUntil(() => heard > (STREAMS * EVENTS) / 8, { timeout: 30_000, interval: 20 })
    await serving.kill()
    await serving.start()
    await Promise.all(sessions.map((id) => finish(direct, id)))
    // What happens to those that are still on their way has been decided; the others have no more to suffer.
    left.fill(0)
    const seen = await Promise.all(followers)
    // then each has seen what the log says, once and in order, from where it began.
    const logs = new Map(await Promise.all(sessions.map(async (id) => [id, await log(direct, id)] as const)))
    for (const [at, { start, ids }] of seen.entries()) {
      const whole = logs.get(sessions[at % SESSIONS] ?? "") ?? []
      expect(whole.length).toBeGreaterThan(EVENTS)
      const expected = whole.slice(start ? whole.indexOf(start) + 1 : 0)
      expect(ids, `stream ${at} of seed ${SEED}`).toEqual(expected)
    }
    console.log(`${seen.reduce((sum, { ids }) => sum + ids.length, 0)} events over`, Object.fromEntries(done))
  } finally {
    await proxy.end()
  }
}, 120_000)

function anyFault(chance: Chance): Fault {
  // What an answer begins with is a few hundred bytes long; a whole replay here some 60 kB.
  const after = chance.pick([1, 300, 3_000, 30_000].map((most) => chance.between(1, most)) as [number, ...number[]])
  const size = chance.between(1, 64)
  switch (chance.between(0, 11)) {
    case 0:
    case 1:
    case 2:
      return { kind: "truncate", after }
    case 3:
      return { kind: "chop", size }
    case 4:
      return { kind: "delay", ms: chance.between(1, 300) }
    case 5:
      return { kind: "hold" }
    case 6:
      return { kind: "freeze", after }
    case 7:
      return { kind: "answer", status: chance.pick([502, 503, 500]) }
    case 8:
      return { kind: "answer", status: 429, retryAfter: "1" }
    default:
      return { kind: "cut", after }
  }
}

/** Wait until the session's task has ended, and close the session, which ends its streams. */
async function finish(client: PuntiniClient, id: string): Promise<void> {
  for await (const event of client.stream(id, { after: "earliest" })) if (event.type === "task_completed") break
  await command(client, id, { type: "close_session", data: {} })
}

/** What one client sees until the end: where its snapshot was, if it had one, and the ids behind that. */
async function follow(
  client: PuntiniClient,
  session: string,
  chance: Chance,
): Promise<{ start: string; ids: string[] }> {
  const after = chance.next() < 0.8 ? "earliest" : undefined
  const stream = client.stream(session, {
    ...(after && { after }),
    transport: chance.pick(["auto", "auto", "websocket", "poll"]),
    patience: { opening: 2_000, silence: 2_500, retry: 1_000 },
  })
  let start = ""
  const ids: string[] = []
  const take = (event: PuntiniEvent) => {
    heard++
    if (event.type === "session_ready" && !after) start = event.data.cursor
    else if (event.type === "session_ready") ids.push("a snapshot that was not asked for")
    else if ("id" in event && event.id) ids.push(event.id)
    if (chance.next() < 0.005) turn(stream, chance)
  }
  if (chance.next() < 0.5) {
    stream.on("event", take)
    await closed(stream)
  } else {
    const slow = chance.next() < 0.3
    for await (const event of stream) {
      take(event)
      if (slow && chance.next() < 0.1) await sleep(chance.between(1, 30))
    }
  }
  return { start, ids }
}

function turn(stream: EventStream, chance: Chance): void {
  if (chance.next() < 0.5) stream.upgrade()
  else stream.downgrade()
}

function closed(stream: EventStream): Promise<void> {
  return new Promise((resolve) => stream.on("connection", ({ status }) => status === "closed" && resolve()))
}
