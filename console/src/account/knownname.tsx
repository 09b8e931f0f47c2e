/** Whose password a form asks for: not shown, but password managers look for it. */
export function KnownName({ username }: { username: string | undefined }) {
  return <input name="username" autoComplete="username" value={username} readOnly hidden />
}
