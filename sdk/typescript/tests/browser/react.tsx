// A page for tests/sdk/test_browser.py: `?session=ses_…`. It counts how often each component renders.
import { StrictMode, useState } from "react"
import { createRoot } from "react-dom/client"
import { PuntiniClient } from "../../src/index.js"
import { useSession, useSessionPart } from "../../src/react.js"

const client = new PuntiniClient()
const session = new URLSearchParams(location.search).get("session") ?? ""
const renders = { messages: 0, nodes: 0 }

function Messages() {
  renders.messages++
  const { state, connection, send } = useSession(client, session)
  return (
    <>
      <output id="status">{connection.status}</output>
      <button onClick={() => void send("play 30 events", { agent: "scripted" })}>Ask</button>
      <ul>
        {state.messages.map((each) => (
          <li key={each.id}>{each.content}</li>
        ))}
      </ul>
    </>
  )
}

function Nodes() {
  renders.nodes++
  const nodes = useSessionPart(client, session, (state) => state.graph.nodes)
  return <output id="nodes">{nodes.size}</output>
}

function Page() {
  const [shown, show] = useState(true)
  return (
    <>
      <input type="checkbox" checked={shown} onChange={() => show(!shown)} />
      {shown && <Messages />}
      {shown && <Nodes />}
    </>
  )
}

const root = document.body.appendChild(document.createElement("main"))
createRoot(root).render(
  <StrictMode>
    <Page />
  </StrictMode>,
)
Object.assign(window, { renders })
