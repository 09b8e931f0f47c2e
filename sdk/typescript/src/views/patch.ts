/** JSON Patch (RFC 6902) over JSON Pointer (RFC 6901). A patch applies as a whole or not at all; documents are never changed. */

/** How deep a patched document may nest. */
export const MOST_DEPTH = 128

type Path = readonly string[]
type Operation = Record<string, unknown>

/** The patch is malformed, does not fit the document, or there is no room for what it adds. */
export class PatchFailed extends Error {}

/** The patched document, and about how many characters of JSON it grew by, at most `room`. Throws PatchFailed. */
export function patched(document: unknown, patch: readonly Operation[], room: number): [unknown, number] {
  let grown = 0
  for (const operation of patch) {
    const path = pointer(operation["path"])
    const bring = (value: unknown, isNew: boolean) => {
      checkDepth(path, value)
      grown += JSON.stringify(value).length
      document = put(document, path, value, isNew)
    }
    switch (operation["op"]) {
      case "add":
      case "replace":
        bring(valueOf(operation), operation["op"] === "add")
        break
      case "copy":
        bring(got(document, pointer(operation["from"])), true)
        break
      case "move":
        document = moved(document, pointer(operation["from"]), path)
        break
      case "remove":
        document = taken(document, path)
        break
      case "test":
        check(same(got(document, path), valueOf(operation)))
        break
      default:
        check(false)
    }
    check(grown <= room)
  }
  return [document, grown]
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
  if (!Array.isArray(container)) check(Object.hasOwn(object(container), token) || isNew)
  else if (isNew && token === "-") return String(container.length)
  else check(/^(0|[1-9]\d{0,17})$/.test(token) && Number(token) < container.length + Number(isNew))
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

function pointer(text: unknown): Path {
  if (typeof text !== "string" || !/^(\/([^~]|~[01])*)?$/.test(text)) throw new PatchFailed()
  const tokens = text.split("/").slice(1)
  return tokens.map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"))
}

function valueOf(operation: Operation): unknown {
  check("value" in operation)
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
