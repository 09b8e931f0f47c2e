import type { ComponentChildren } from "preact"
import { useState } from "preact/hooks"

const MOST_ROWS = 20
const MOST_COLUMNS = 8
const MOST_LETTERS = 2_000
const DEEPEST = 3

/** Any JSON for people to read: lists of like things as a table, objects name by name, the rest as it is. */
export function Value({ value, depth = 0 }: { value: unknown; depth?: number }) {
  const read = unwrapped(value)
  if (depth >= DEEPEST && typeof read === "object" && read !== null) return <Text text={JSON.stringify(read)} />
  if (Array.isArray(read)) return <List items={read} depth={depth} />
  if (isObject(read)) return <Fields object={read} depth={depth} />
  return <Text text={typeof read === "string" ? read : JSON.stringify(read)} />
}

function List({ items, depth }: { items: readonly unknown[]; depth: number }) {
  if (!items.length) return <span class="soft">none</span>
  const objects = items.filter(isObject)
  const columns = [...new Set(objects.flatMap((each) => Object.keys(each)))]
  if (objects.length === items.length && columns.length <= MOST_COLUMNS) {
    return <Table objects={objects} columns={columns} depth={depth} />
  }
  if (items.every((each) => typeof each !== "object")) return <Text text={items.join(", ")} />
  return (
    <Some items={items}>
      {(shown) => (
        <ol class="value-list">
          {shown.map((each, index) => (
            <li key={index}>
              <Value value={each} depth={depth + 1} />
            </li>
          ))}
        </ol>
      )}
    </Some>
  )
}

function Table({
  objects,
  columns,
  depth,
}: {
  objects: readonly Record<string, unknown>[]
  columns: string[]
  depth: number
}) {
  return (
    <Some items={objects}>
      {(shown) => (
        <div class="scroll" tabIndex={0} role="region" aria-label="Table">
          <table class="value-table">
            <thead>
              <tr>
                {columns.map((name) => (
                  <th key={name} scope="col">
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((each, index) => (
                <tr key={index}>
                  {columns.map((name) => (
                    <td key={name}>{name in each && <Cell value={each[name]} depth={depth + 1} />}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Some>
  )
}

/** In a cell, an object is a line of its own. */
function Cell({ value, depth }: { value: unknown; depth: number }) {
  if (!isObject(value)) return <Value value={value} depth={depth} />
  const parts = Object.entries(value).map(([name, each]) => `${name}: ${plain(each)}`)
  return <Text text={parts.join(", ")} />
}

function Fields({ object, depth }: { object: Record<string, unknown>; depth: number }) {
  const entries = Object.entries(object)
  if (!entries.length) return <span class="soft">nothing</span>
  return (
    <dl class="value-fields">
      {entries.map(([name, each]) => (
        <div key={name} data-deep={isDeep(each) || undefined}>
          <dt>{name}</dt>
          <dd>
            <Value value={each} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Text({ text }: { text: string }) {
  const [whole, setWhole] = useState(false)
  if (text.length <= MOST_LETTERS || whole) return <span class="value-text">{text}</span>
  return (
    <span class="value-text">
      {text.slice(0, MOST_LETTERS)}… <More onClick={() => setWhole(true)}>Show all</More>
    </span>
  )
}

function Some<T>({ items, children }: { items: readonly T[]; children: (shown: readonly T[]) => ComponentChildren }) {
  const [all, setAll] = useState(false)
  const hidden = all ? 0 : Math.max(0, items.length - MOST_ROWS)
  return (
    <>
      {children(hidden ? items.slice(0, MOST_ROWS) : items)}
      {hidden > 0 && <More onClick={() => setAll(true)}>{`Show ${hidden} more`}</More>}
    </>
  )
}

function More({ onClick, children }: { onClick: () => void; children: string }) {
  return (
    <button type="button" class="value-more" onClick={onClick}>
      {children}
    </button>
  )
}

/** Whether a value needs more than a line. */
function isDeep(value: unknown): boolean {
  const read = unwrapped(value)
  return typeof read === "object" && read !== null && Object.keys(read).length > 0
}

/** Tools often answer with JSON in a string. */
function unwrapped(value: unknown): unknown {
  if (typeof value !== "string" || !/^\s*[[{]/.test(value)) return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

function plain(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}
