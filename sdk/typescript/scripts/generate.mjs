// Types from JSON Schema: `node scripts/generate.mjs < schemas.json > src/protocol.ts`; schemas.json is what `puntini schema` prints.
import { compile } from "json-schema-to-typescript"
import { text } from "node:stream/consumers"

const BANNER = "// Made by scripts/generate.mjs from what `puntini schema` prints: do not edit."
const OPTIONS = { bannerComment: "", additionalProperties: false, style: { semi: false, printWidth: 120 } }

/** Names that mean something else wherever TypeScript runs. */
const RENAMED = { Event: "PuntiniEvent", Error: "ErrorEvent", Node: "GraphNode", Edge: "GraphEdge" }

/** One object type for both unions, so that what they share is said once. */
function joined({ events, commands }) {
  const definitions = { ...events.$defs, ...commands.$defs }
  const renamed = Object.entries(definitions).map(([name, each]) => [nameOf(name), adapted(each)])
  return {
    title: "Protocol",
    type: "object",
    properties: { event: ref("PuntiniEvent"), command: ref("Command") },
    required: ["event", "command"],
    definitions: { PuntiniEvent: union(events), Command: union(commands), ...Object.fromEntries(renamed) },
  }
}

function union({ description, oneOf }) {
  return { description, oneOf: adapted(oneOf) }
}

function nameOf(name) {
  return RENAMED[name] ?? name
}

function ref(name) {
  return { $ref: `#/definitions/${nameOf(name)}` }
}

/** Draft 2020-12 as the compiler takes it; an object without named fields may have any, and defaults are not types. */
function adapted(value) {
  if (Array.isArray(value)) return value.map(adapted)
  if (value === null || typeof value !== "object") return value
  if ("$ref" in value) return ref(value.$ref.split("/").pop())
  const { title, default: _, ...rest } = value
  const entries = Object.entries(rest).map(([key, each]) => [key, key === "properties" ? fields(each) : adapted(each)])
  const made = Object.fromEntries(entries)
  return made.type === "object" && !made.properties ? { ...made, additionalProperties: true } : made
}

/** Properties are not schemas: one may well be called `title` or `default`. */
function fields(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, each]) => [name, adapted(each)]))
}

function tidied(source) {
  return source
    .replace(
      /\n \*\n \* This interface was referenced by `Protocol`'s JSON-Schema\n \* via the `definition` "\w+"\./g,
      "",
    )
    .replace(
      /\/\*\*\n \* This interface was referenced by `Protocol`'s JSON-Schema\n \* via the `definition` "\w+"\.\n \*\/\n/g,
      "",
    )
    .trim()
}

const schemas = JSON.parse(await text(process.stdin))
console.log(`${BANNER}\n\n${tidied(await compile(joined(schemas), "Protocol", OPTIONS))}`)
