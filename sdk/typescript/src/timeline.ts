export { Timeline } from "./views/timeline.js"
