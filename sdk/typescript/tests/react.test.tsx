import { renderToString } from "react-dom/server"
import { expect, test } from "vitest"
import { PuntiniClient } from "../src/index.js"
import { useSession, useSessionPart } from "../src/react.js"

test("on a server a session is empty, and nothing is asked for", () => {
  let asked = 0
  const fetch = () => Promise.reject(new Error(`asked ${++asked} times`))
  const client = new PuntiniClient({ baseUrl: "http://server.example", fetch })

  function Messages() {
    const { state, connection } = useSession(client, "ses_1")
    const tasks = useSessionPart(client, "ses_1", (each) => each.tasks)
    return <p>{`${connection.status}, ${state.messages.length} messages, ${tasks.length} tasks`}</p>
  }

  expect(renderToString(<Messages />)).toBe("<p>closed, 0 messages, 0 tasks</p>")
  expect(asked).toBe(0)
})
