export function AgentsPage() {
  return (
    <div class="page">
      <h1>Agents</h1>
    </div>
  )
}
