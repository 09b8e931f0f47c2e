import { randomId } from "@puntini/client"
import { useRef, useState } from "preact/hooks"
import { client } from "../../client"
import { toast } from "../../parts/toasts"
import { go, to } from "../../route"
import { Field, FormEnd, useForm } from "../form"
import { PageHead } from "../head"
import { bytes, many } from "../words"

const MOST_BYTES = 1_048_576

/** A form for a document: text that is pasted, or a file's. */
export function AddDocument() {
  const [title, setTitle] = useState("")
  const [source, setSource] = useState("")
  const [text, setText] = useState("")
  const [refused, setRefused] = useState("")
  const key = useRef(randomId()) // one for the form, so that a second try adds nothing twice
  const form = useForm(["title", "source", "text"], async () => {
    const body = { title: title.trim(), text, source: source.trim() }
    try {
      const made = await client.documents.create(body, { idempotencyKey: key.current })
      toast(`Added ${made.title}, in ${many(made.passages, "passage")}.`)
      go(to("documents"))
    } catch (error) {
      key.current = randomId()
      throw error
    }
  })
  const take = async (file: File | undefined) => {
    if (!file) return
    if (file.size > MOST_BYTES) return setRefused(`${file.name} is too large: choose one of at most 1 MiB.`)
    try {
      setText(new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer()))
    } catch {
      return setRefused(`${file.name} is no text in UTF-8: save it as text first.`)
    }
    setRefused("")
    setTitle((was) => was || file.name.replace(/\.[^.]+$/, ""))
    setSource((was) => was || file.name)
  }
  return (
    <div class="page narrow stack">
      <PageHead title="Add a document" up={[to("documents"), "Documents"]} />
      <form class="stack" onSubmit={form.onSubmit} noValidate>
        <Field label="From a file" problem={refused} hint="Text or Markdown, at most 1 MiB; or paste the text below.">
          <input
            class="input"
            type="file"
            accept="text/*,.md,.txt,.csv,.json"
            onChange={(event) => take(event.currentTarget.files?.[0])}
          />
        </Field>
        <Field label="Title" problem={form.of("title")}>
          <input class="input" value={title} onInput={(event) => setTitle(event.currentTarget.value)} />
        </Field>
        <Field
          label="Source"
          problem={form.of("source")}
          hint="Where it is from: an address, a file's name. May be left out."
        >
          <input class="input" value={source} onInput={(event) => setSource(event.currentTarget.value)} />
        </Field>
        <Field
          label="Text"
          problem={form.of("text")}
          hint={
            text
              ? bytes(new TextEncoder().encode(text).length)
              : "Headings and paragraphs say where it is cut into passages."
          }
        >
          <textarea class="input mono" rows={14} value={text} onInput={(event) => setText(event.currentTarget.value)} />
        </Field>
        <FormEnd form={form} label="Add" cancel={to("documents")} />
      </form>
    </div>
  )
}
