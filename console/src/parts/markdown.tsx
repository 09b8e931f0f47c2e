import DOMPurify, { type Config } from "dompurify"
import { useLayoutEffect, useRef } from "preact/hooks"
import { Blocks } from "./blocks"

const SAFE: Config & { RETURN_DOM_FRAGMENT: true } = {
  ALLOWED_TAGS: [
    ...["a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "kbd", "li", "mark"],
    ...["ol", "p", "pre", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr", "ul"],
  ],
  ALLOWED_ATTR: ["href", "start", "align"],
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  RETURN_DOM_FRAGMENT: true,
}
/** A text that grows is drawn no sooner than this many times what the last drawing took. */
const REST = 4

/** Text by somebody else, shown as the Markdown it is. Nothing in it runs, and nothing is loaded for it. */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const box = useRef<HTMLDivElement>(null)
  const sheet = useRef<Sheet>()
  useLayoutEffect(() => {
    if (box.current) sheet.current ??= new Sheet(box.current)
    sheet.current?.show(text, growing)
  }, [text, growing])
  useLayoutEffect(() => () => sheet.current?.stop(), [])
  return <div class="markdown" ref={box} />
}

/** An element that holds blocks: those that stay the same are left alone. */
class Sheet {
  readonly #element: HTMLElement
  readonly #blocks = new Blocks()
  #drawn: readonly string[] = []
  #text = ""
  #timer = 0
  #free = 0

  constructor(element: HTMLElement) {
    this.#element = element
  }

  show(text: string, growing: boolean): void {
    this.#text = text
    if (!growing) this.#draw(false)
    else this.#timer ||= window.setTimeout(() => this.#draw(true), Math.max(0, this.#free - performance.now()))
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = 0
  }

  #draw(growing: boolean): void {
    this.stop()
    const began = performance.now()
    const blocks = this.#blocks.read(this.#text, growing)
    blocks.forEach((html, index) => {
      if (html === this.#drawn[index]) return
      const before = this.#element.children[index]
      if (before) before.replaceWith(drawn(html))
      else this.#element.append(drawn(html))
    })
    while (this.#element.children.length > blocks.length) this.#element.lastElementChild?.remove()
    this.#drawn = blocks
    const now = performance.now()
    this.#free = now + REST * (now - began)
  }
}

function drawn(html: string): HTMLElement {
  const block = document.createElement("div")
  block.append(DOMPurify.sanitize(html, SAFE))
  for (const link of block.querySelectorAll("a")) {
    link.target = "_blank"
    link.rel = "noopener noreferrer"
  }
  for (const table of block.querySelectorAll("table")) wrap(table, "markdown-table")
  for (const code of block.querySelectorAll("pre")) {
    code.tabIndex = 0
    wrap(code, "markdown-code").append(copyButton(code))
  }
  return block
}

function wrap(element: HTMLElement, name: string): HTMLElement {
  const around = document.createElement("div")
  around.className = name
  element.replaceWith(around)
  around.append(element)
  return around
}

function copyButton(code: HTMLElement): HTMLElement {
  const button = document.createElement("button")
  button.type = "button"
  button.className = "button quiet small"
  button.textContent = "Copy"
  button.setAttribute("aria-label", "Copy this code")
  button.addEventListener("click", () => {
    const say = (word: string) => {
      button.textContent = word
      setTimeout(() => (button.textContent = "Copy"), 1500)
    }
    const text = code.textContent.replace(/\n$/, "")
    // Without TLS, but on localhost, browsers have no clipboard for pages.
    if (!navigator.clipboard) return say("Select it and copy")
    navigator.clipboard.writeText(text).then(
      () => say("Copied"),
      () => say("Select it and copy"),
    )
  })
  return button
}
