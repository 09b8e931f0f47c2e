import { useEffect } from "preact/hooks"

/** Name the page in the browser's tab and history. */
export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title ? `${title} · Puntini` : "Puntini"
  }, [title])
}
