// Runs before anything is drawn, so that a dark room stays dark: it is loaded as a plain script, and imports nothing.
try {
  const theme: unknown = JSON.parse(localStorage.getItem("puntini.theme") ?? "null")
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme
} catch {
  // Storage is forbidden: then it is as the system has it.
}

export {}
