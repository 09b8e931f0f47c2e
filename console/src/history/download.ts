/** Have the browser save lines as a file. */
export function save(lines: Iterable<string>, name: string): void {
  const parts = Array.from(lines, (line) => `${line}\n`)
  const address = URL.createObjectURL(new Blob(parts, { type: "application/x-ndjson" }))
  const link = Object.assign(document.createElement("a"), { href: address, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 60_000)
}
