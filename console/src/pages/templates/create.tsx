import { useRef, useState } from "preact/hooks"
import { client } from "../../client"
import { Problem, sentence } from "../../parts/problem"
import { useTitle } from "../../parts/title"
import { go, to } from "../../route"
import { PageHead } from "../head"
import { blankDraft, imported } from "./draft"
import { TemplateForm } from "./form"

/** A form for a template of one's own, which can be filled in from a file. */
export function CreateTemplate() {
  useTitle("New template")
  const [first, setFirst] = useState(blankDraft)
  const [problem, setProblem] = useState("")
  const [read, setRead] = useState(0)
  const file = useRef<HTMLInputElement>(null)
  const choose = async () => {
    const chosen = file.current?.files?.[0]
    if (!chosen) return
    try {
      setFirst(imported(await chosen.text()))
      setRead((was) => was + 1)
      setProblem("")
    } catch (error) {
      setProblem(sentence(error))
    }
  }
  return (
    <div class="page narrow stack">
      <PageHead title="New template" up={[to("templates"), "Templates"]}>
        <button class="button" onClick={() => file.current?.click()}>
          Import from JSON
        </button>
        <input
          ref={file}
          class="hidden"
          type="file"
          tabIndex={-1}
          accept="application/json,.json"
          aria-label="A template's file"
          onChange={choose}
        />
      </PageHead>
      {problem && <Problem text={problem} />}
      <TemplateForm
        key={read}
        first={first}
        label="Create"
        cancel={to("templates")}
        send={async (body) => {
          const made = await client.templates.create(body)
          go(to("templates", made.template_id))
        }}
      />
    </div>
  )
}
