import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { Blocks } from "../src/parts/blocks"
import { isTangled } from "../src/parts/tangle"

const PIECES = [
  "# A\n",
  "\n",
  "word ",
  "**bold** ",
  "- item\n",
  "  more\n",
  "1. one\n",
  "2",
  ". two\n",
  "```\n",
  "| a | b |\n",
]
PIECES.push(
  "|---|---|\n",
  "> said\n",
  "[a]: https://example.org\n",
  "[a] ",
  "<b>",
  "---\n",
  "===\n",
  "    code\n",
  "😀",
)

function grown(pieces: readonly string[]): { blocks: Blocks; text: string } {
  const blocks = new Blocks()
  let text = ""
  for (const piece of pieces) blocks.read((text += piece), true)
  return { blocks, text }
}

describe("a text that grows", () => {
  test("is in the end what it would have been at once", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }), (pieces) => {
        const { blocks, text } = grown(pieces)
        expect(blocks.read(text, false)).toEqual(new Blocks().read(text, false))
      }),
    )
  })

  test("is shown as it would be at once, also on the way", () => {
    const text =
      "# Plan\n\nWe do **this**:\n\n1. one\n2. two\n\n```js\nlet x = 1\n\nlet y\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nEnd."
    const blocks = new Blocks()
    for (let end = 1; end <= text.length; end++) {
      const part = text.slice(0, end)
      expect(blocks.read(part, true)).toEqual(new Blocks().read(part, false))
    }
  })

  test("is read once where it is settled", () => {
    const blocks = new Blocks()
    const paragraph = "Some words that stand by themselves.\n\n"
    const first = blocks.read(paragraph.repeat(400), true)
    const began = performance.now()
    for (let count = 401; count <= 500; count++) blocks.read(paragraph.repeat(count), true)
    const growing = performance.now() - began
    const again = performance.now()
    for (let count = 0; count < 100; count++) new Blocks().read(paragraph.repeat(450), true)
    expect(first).toHaveLength(400)
    expect(growing).toBeLessThan((performance.now() - again) / 2)
  })

  test("may be replaced by another", () => {
    const { blocks } = grown(["One\n\n", "Two\n\n", "Three\n\n", "Four"])
    expect(blocks.read("Five", true)).toEqual(["<p>Five</p>\n"])
  })
})

describe("what somebody else wrote", () => {
  const html = (text: string) => new Blocks().read(text, false).join("")

  test.each([
    "<script>alert(1)</script>",
    "a <img src=x onerror=alert(1)> b",
    "<b onclick=alert(1)>c</b>",
    "<sub id=x>d</sub>",
  ])("is no HTML: %s", (text) => expect(html(text)).not.toMatch(/<(script|img|b|sub)\b/))

  test("may lower, raise and break a line", () => {
    expect(html("H<sub>2</sub>O<br>x")).toBe("<p>H<sub>2</sub>O<br>x</p>\n")
  })

  test.each(["javascript:alert(1)", "data:text/html,x", "JaVaScRiPt:alert(1)", "/v1/logout", "vbscript:x"])(
    "leads nowhere but to web pages and mail: %s",
    (address) => expect(html(`[here](${address})`)).toBe("<p>here</p>\n"),
  )

  test("shows an image's words, and loads nothing", () => {
    expect(html("![a <cat>](https://example.org/cat.png)")).toBe(
      '<p><a href="https://example.org/cat.png">a &#60;cat&#62;</a></p>\n',
    )
  })

  test("can't break out of an address", () => {
    expect(html('[a](https://example.org/"onclick="alert(1))')).not.toContain('"onclick')
  })
})

describe("a text that would take too long to be laid out", () => {
  const many = 50_000
  test.each([
    ["quotes in quotes", ">".repeat(many)],
    ["quotes in quotes below others", `> a\n\n${"> ".repeat(many)}`],
    ["lists in lists", "- ".repeat(many)],
    ["numbered lists in lists", "1. ".repeat(30_000)],
    ["lists by indentation", Array.from({ length: 200 }, (_, level) => `${"  ".repeat(level)}- item`).join("\n")],
    ["a run of stars", `${"*".repeat(many)}a${"*".repeat(many - 1)}`],
    ["a very long word with an address", `${"a".repeat(many)}@`],
    ["very many columns", `${"|a".repeat(5_000)}|\n${"|-".repeat(5_000)}|`],
    ["very many lines", "a\n\n".repeat(30_000)],
    ["very many words", "word ".repeat(30_000)],
  ])("is shown as it is written: %s", (_, text) => {
    const written = `<pre><code>${text.replaceAll(">", "&#62;")}</code></pre>`
    for (const growing of [true, false]) {
      const blocks = new Blocks().read(text, growing)
      expect(blocks.length).toBe(1)
      expect(blocks[0] === written).toBe(true)
    }
  })

  test.each([
    ["brackets", "[".repeat(many)],
    ["images", "![".repeat(many)],
    ["closing brackets", `${"[".repeat(many / 2)}${"](".repeat(many / 4)}`],
    ["emphasis that is never closed", "*a **b _c ".repeat(many / 5)],
    ["runs of backticks", Array.from({ length: 600 }, (_, length) => `${"`".repeat(length % 300)}a`).join(" ")],
    ["tags", "<div>".repeat(many / 5)],
    ["a row of dashes", "-".repeat(many)],
    ["a code block", `\`\`\`\n${"some code\n".repeat(3_000)}\`\`\``],
  ])("is laid out all the same: %s", (_, text) => {
    const began = performance.now()
    const blocks = new Blocks().read(text, false)
    expect(performance.now() - began).toBeLessThan(2_000)
    expect(isTangled(text)).toBe(false)
    expect(blocks.length).toBeGreaterThan(0)
  })
})
