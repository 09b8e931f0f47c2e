import { render } from "preact"
import { listen } from "./account/ended"
import { App } from "./app"

listen()
const root = document.getElementById("app")
if (root) render(<App />, root)
