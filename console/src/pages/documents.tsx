import { useTitle } from "../parts/title"
import { AddDocument } from "./documents/add"
import { DocumentList } from "./documents/list"
import { Passages } from "./documents/passages"
import { PageHead } from "./head"
import { ask, asked } from "./query"
import { SearchBox } from "./search"

/** What agents can look up: `#/documents?q=…`, and `?do=add`. */
export function DocumentsPage() {
  useTitle("Documents")
  const words = asked("q")
  if (asked("do") === "add") return <AddDocument />
  return (
    <div class="page stack">
      <PageHead title="Documents">
        <a class="button primary" href="#/documents?do=add">
          Add a document
        </a>
      </PageHead>
      <div class="filters">
        <SearchBox label="Search in your documents" value={words} onSearch={(q) => ask({ q })} />
      </div>
      {words ? <Passages words={words} /> : <DocumentList />}
    </div>
  )
}
