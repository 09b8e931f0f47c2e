export function AnalyticsPage() {
  return (
    <div class="page">
      <h1>Analytics</h1>
    </div>
  )
}
