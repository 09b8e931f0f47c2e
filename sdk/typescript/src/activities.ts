export { activities } from "./views/activities.js"
