// Types from what the server says of itself: `node scripts/generate.mjs [folder]` writes protocol.ts (events and
// commands) and resources.ts (what the HTTP API takes and answers) into `folder`, src unless said. `make types` runs it.
import { compile } from "json-schema-to-typescript"
import { execFileSync } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

const ROOT = resolve(import.meta.dirname, "../../..")
const PYTHON = process.env.PUNTINI_PYTHON ?? join(ROOT, ".venv/bin/python")
const FOLDER = process.argv[2] ?? join(import.meta.dirname, "../src")
const OPTIONS = {
  bannerComment: "",
  additionalProperties: false,
  unreachableDefinitions: true,
  style: { semi: false, printWidth: 120 },
}

/** Names that mean something else wherever TypeScript runs, or that say too little outside of the server's rooms. */
const RENAMED = {
  AccountsTokens: "LoginTokens",
  Alive: "Health",
  AnalyticsNumbersTokens: "TokenNumbers",
  Approvals: "ApprovalNumbers",
  Calls: "CallNumbers",
  Controlled: "ControlledTask",
  Cost: "CostNumbers",
  Edge: "GraphEdge",
  EdgeInput: "GraphEdgeInput",
  Entries: "AuditPage",
  EntryInfo: "AuditEntry",
  Error: "ErrorEvent",
  Event: "PuntiniEvent",
  Failure: "FailureReason",
  Group: "TaskGroup",
  Hit: "SearchHit",
  Hits: "SearchResult",
  Imported: "ImportedGraph",
  Memory: "TaskMemory",
  Node: "GraphNode",
  NodeInput: "GraphNodeInput",
  Numbers: "TaskNumbers",
  Overview: "AnalyticsOverview",
  Path: "GraphPath",
  Pending: "PendingResult",
  Performance: "PerformanceReport",
  Point: "SeriesPoint",
  Report: "PerformanceNumbers",
  Result: "TaskResult",
  Said: "MemoryMessage",
  Sample: "TaskSample",
  Sent: "SentMessage",
  Slow: "SlowTask",
  Span: "Period",
  Spoken: "AgentMessages",
  Started: "StartedTemplate",
  Status: "ServerStatus",
  Steps: "StepNumbers",
  Submitted: "SubmittedTask",
  Times: "TaskSeconds",
  Tool: "ToolNumbers",
  Working: "AgentActivity",
}

function nameOf(name) {
  return RENAMED[name] ?? name
}

function printed(...words) {
  const env = { ...process.env, PYTHONPATH: ROOT }
  const options = { cwd: ROOT, env, encoding: "utf8", maxBuffer: 2 ** 26 }
  return JSON.parse(execFileSync(PYTHON, ["-m", "puntini", "schema", ...words], options))
}

/** The definitions of both unions. What is sent may leave out more than what is read: then it has a name of its own. */
function protocolDefinitions({ events, commands }) {
  const read = (name) =>
    name in events.$defs && !same(events.$defs[name], commands.$defs[name]) ? `${name}Input` : name
  const sent = Object.entries(commands.$defs).map(([name, each]) => [read(name), referring(each, read)])
  return {
    Event: { description: events.description, oneOf: events.oneOf },
    Command: { description: commands.description, oneOf: referring(commands.oneOf, read) },
    ...events.$defs,
    ...Object.fromEntries(sent),
  }
}

function same(one, other) {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** With every reference led to another name. */
function referring(value, to) {
  return JSON.parse(JSON.stringify(value), (_, each) =>
    each?.$ref ? { ...each, $ref: `#/$defs/${to(each.$ref.split("/").pop())}` } : each,
  )
}

/** What the HTTP API has beside the protocol, but for pages of lists, which are all alike (`List` in http.ts). */
function resourceDefinitions(schemas, known) {
  const isList = ({ properties = {} }) => Object.keys(properties).join() === "items,total"
  return Object.fromEntries(Object.entries(schemas).filter(([name, each]) => !(name in known) && !isList(each)))
}

/** Draft 2020-12 as the compiler takes it; an object without named fields may have any, and defaults are not types. */
function adapted(value, ref) {
  if (Array.isArray(value)) return value.map((each) => adapted(each, ref))
  if (value === null || typeof value !== "object") return value
  if ("$ref" in value) return ref(value.$ref.split("/").pop())
  const { title, default: _, pattern, minLength, maxLength, minItems, maxItems, minimum, maximum, ...rest } = value
  const entries = Object.entries(rest).map(([key, each]) => [
    key,
    key === "properties" ? fields(each, ref) : adapted(each, ref),
  ])
  const made = Object.fromEntries(entries)
  return made.type === "object" && !made.properties ? { ...made, additionalProperties: true } : made
}

/** Properties are not schemas: one may well be called `title` or `default`. */
function fields(properties, ref) {
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, adapted(each, ref)]))
}

/** Definitions as TypeScript, in their order; names of `known` are imported. */
async function typed(definitions, known = {}) {
  const imported = new Set()
  const ref = (name) => {
    if (!(name in known)) return { $ref: `#/definitions/${nameOf(name)}` }
    imported.add(nameOf(name))
    return { tsType: nameOf(name) }
  }
  const renamed = Object.entries(definitions).map(([name, each]) => [nameOf(name), adapted(each, ref)])
  const source = await compile(
    { title: "Everything", type: "object", definitions: Object.fromEntries(renamed) },
    "Everything",
    OPTIONS,
  )
  return importing([...imported].sort()) + tidied(source)
}

function importing(names) {
  return names.length ? `import type {\n${names.map((each) => `  ${each},\n`).join("")}} from "./protocol.js"\n\n` : ""
}

/** Without the type that held them all together, and what the compiler says of it. */
function tidied(source) {
  const told = String.raw`This interface was referenced by .Everything.'s JSON-Schema\n \* via the .definition. "\w+"\.`
  return source
    .replace(/export interface Everything \{[^]*?\n?\}\n/, "")
    .replace(new RegExp(String.raw`\n \*\n \* ${told}`, "g"), "")
    .replace(new RegExp(String.raw`/\*\*\n \* ${told}\n \*/\n`, "g"), "")
    .replace(/\n+(?=\/\*\*|export)/g, "\n\n")
    .replace(/(\*\/)\n+(?=export)/g, "$1\n")
    .trim()
}

function write(file, asked, source) {
  const banner = `// Made by scripts/generate.mjs from what \`puntini schema${asked}\` prints: do not edit, run \`make types\`.`
  writeFileSync(join(FOLDER, file), `${banner}\n\n${source}\n`)
}

const protocol = protocolDefinitions(printed())
const { components } = printed("openapi")
write("protocol.ts", "", await typed(protocol))
write("resources.ts", " openapi", await typed(resourceDefinitions(components.schemas, protocol), protocol))
