// As much of react-dom's types as the tests need.
declare module "react-dom/client" {
  export function createRoot(container: Element): { render(children: import("react").ReactNode): void }
}

declare module "react-dom/server" {
  export function renderToString(children: import("react").ReactNode): string
}
