export function TemplatesPage() {
  return (
    <div class="page">
      <h1>Templates</h1>
    </div>
  )
}
