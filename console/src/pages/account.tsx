export function AccountPage() {
  return (
    <div class="page">
      <h1>Account</h1>
    </div>
  )
}
