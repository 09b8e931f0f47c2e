import { route } from "../route"
import { TaskList } from "./tasks/list"
import { TaskPage } from "./tasks/task"

/** `#/tasks` and `#/tasks/{id}`. */
export function TasksPage() {
  const id = route.value.path[1]
  return id ? <TaskPage key={id} id={id} /> : <TaskList />
}
