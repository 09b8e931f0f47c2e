export function TasksPage() {
  return (
    <div class="page">
      <h1>Tasks</h1>
    </div>
  )
}
