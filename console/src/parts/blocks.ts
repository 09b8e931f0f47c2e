import { Marked, type Token, type Tokens } from "marked"
import { isTangled } from "./tangle"

/** Written out as HTML rather than shown as text; without attributes. All other HTML in Markdown is shown as it is written. */
const PLAIN_TAG = /^<\/?(br|kbd|mark|sub|sup)\s*\/?>$/i
const LINKABLE = /^(https?:\/\/|mailto:)/i
/** As long as a text grows, its last blocks may still change: `2` after a list becomes the list's next item with `2. `. */
const UNSETTLED = 2

const marked = new Marked({
  gfm: true,
  renderer: {
    html: ({ text }) => (PLAIN_TAG.test(text.trim()) ? text : escaped(text)),
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    image: ({ href, text }) => linked(href, escaped(text || "image")),
    link({ href, tokens }) {
      return linked(href, this.parser.parseInline(tokens))
    },
  },
})

/**
 * Markdown as HTML, one string a block, for a text that grows: what is settled is not read again.
 *
 * The HTML is not safe before it is sanitised.
 */
export class Blocks {
  #settled: string[] = []
  #read = ""

  /** The blocks of `text`; `growing` says that more of it is to come. */
  read(text: string, growing: boolean): readonly string[] {
    if (isTangled(text)) return [`<pre><code>${escaped(text)}</code></pre>`]
    // The whole is read at once in the end, since what a link refers to may stand anywhere.
    if (!growing) return marked.lexer(text).filter(visible).map(html)
    if (!text.startsWith(this.#read)) {
      this.#settled = []
      this.#read = ""
    }
    const tokens = marked.lexer(text.slice(this.#read.length))
    const last = unsettled(tokens)
    this.#settled.push(...tokens.slice(0, last).filter(visible).map(html))
    this.#read += tokens
      .slice(0, last)
      .map(({ raw }) => raw)
      .join("")
    return [...this.#settled, ...tokens.slice(last).filter(visible).map(html)]
  }
}

/** Where the blocks begin that may still change. */
function unsettled(tokens: readonly Token[]): number {
  let seen = 0
  let index = tokens.length
  while (index > 0 && seen < UNSETTLED) if (tokens[--index]?.type !== "space") seen += 1
  return index
}

function visible({ type }: Token): boolean {
  return type !== "space" && type !== "def"
}

function html(token: Token): string {
  // Alone, a table's or a list's text is what the whole text would have made of it.
  return marked.parser([token as Tokens.Generic])
}

function linked(href: string, shown: string): string {
  return LINKABLE.test(href) ? `<a href="${escaped(href)}">${shown}</a>` : shown
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`)
}
