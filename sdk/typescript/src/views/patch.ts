/** JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). A patch applies as a whole or not at all; documents are never changed. */

/** How deep a patched document may nest. */
export const MOST_DEPTH = 128
const BAD_ESCAPE = /~(?![01])/
const INDEX = /^(0|[1-9][0-9]{0,17})$/

type Path = readonly string[]
type Operation = Record<string, unknown>

/** The patch is malformed, does not fit the document, or there is no room for what it adds. */
export class PatchFailed extends Error {}

/** The patched document, and about how many characters of JSON it grew by, at most `room`. Throws PatchFailed. */
export function patched(document: unknown, patch: readonly Operation[], room: number): [unknown, number] {
  let grown = 0
  for (const operation of patch) {
    const [next, growth] = done(document, operation)
    document = next
    grown += growth
    check(grown <= room)
  }
  return [document, grown]
}

function done(document: unknown, operation: Operation): [unknown, number] {
  const path = pointer(operation, "path")
  switch (operation["op"]) {
    case "add":
      return brought(document, path, valueOf(operation), true)
    case "replace":
      return brought(document, path, valueOf(operation), false)
    case "copy":
      return brought(document, path, got(document, pointer(operation, "from")), true)
    case "move":
      return [moved(document, pointer(operation, "from"), path), 0]
    case "remove":
      return [taken(document, path), 0]
    case "test":
      check(same(got(document, path), valueOf(operation)))
      return [document, 0]
    default:
      throw new PatchFailed()
  }
}

function brought(document: unknown, path: Path, value: unknown, isNew: boolean): [unknown, number] {
  checkDepth(path, value)
  return [put(document, path, value, isNew), JSON.stringify(value).length + (path.at(-1) ?? "").length]
}

function moved(document: unknown, from: Path, path: Path): unknown {
  const value = got(document, from)
  if (path.length > from.length) {
    check(from.some((token, at) => token !== path[at]))
    checkDepth(path, value)
  }
  return put(taken(document, from), path, value, true)
}

/** With a value at the path: a new member or element, or in place of the one that is there. */
function put(document: unknown, path: Path, value: unknown, isNew: boolean): unknown {
  return edited(document, path, value, (parent, token) => {
    const at = place(parent, token, isNew)
    return Array.isArray(parent)
      ? parent.toSpliced(Number(at), isNew ? 0 : 1, value)
      : { ...object(parent), [at]: value }
  })
}

/** Without what is at the path. Without its root a document is null. */
function taken(document: unknown, path: Path): unknown {
  return edited(document, path, null, (parent, token) => {
    const at = place(parent, token)
    if (Array.isArray(parent)) return parent.toSpliced(Number(at), 1)
    const { [at]: _, ...rest } = object(parent)
    return rest
  })
}

type Edit = (parent: unknown, token: string) => unknown

/** With an edit made at the end of the path, and objects and arrays on the way copied; at the root, with `root` instead. */
function edited(document: unknown, [token, ...rest]: Path, root: unknown, edit: Edit): unknown {
  if (token === undefined) return root
  if (!rest.length) return edit(document, token)
  return put(document, [token], edited(got(document, [token]), rest, root, edit), false)
}

function got(document: unknown, path: Path): unknown {
  return path.reduce((value, token) => object(value)[place(value, token)], document)
}

/** A token as a key of an object or an index of an array; with `isNew` as one to be added. */
function place(container: unknown, token: string, isNew = false): string {
  if (!Array.isArray(container)) {
    check(isObject(container) && (isNew || Object.hasOwn(container, token)))
    return token
  }
  if (isNew && token === "-") return String(container.length)
  check(INDEX.test(token) && Number(token) < container.length + Number(isNew))
  return token
}

/** Equality of JSON values. */
export function same(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return one === other
  const names = Object.keys(one)
  return (
    Array.isArray(one) === Array.isArray(other) &&
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && same(one[name], other[name]))
  )
}

function pointer(operation: Operation, name: string): Path {
  const text = operation[name]
  if (typeof text !== "string" || (text && text[0] !== "/") || BAD_ESCAPE.test(text)) throw new PatchFailed()
  return text
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
}

function valueOf(operation: Operation): unknown {
  check(Object.hasOwn(operation, "value"))
  return operation["value"]
}

function checkDepth(path: Path, value: unknown): void {
  check(path.length <= MOST_DEPTH && !isDeeper(value, MOST_DEPTH - path.length))
}

function isDeeper(value: unknown, depth: number): boolean {
  return isObject(value) && (depth < 1 || Object.values(value).some((each) => isDeeper(each, depth - 1)))
}

/** Objects and arrays. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null
}

function object(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw new PatchFailed()
  return value
}

function check(holds: boolean): void {
  if (!holds) throw new PatchFailed()
}
