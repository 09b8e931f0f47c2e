const PROMPTS = [
  "Create a project management graph",
  "Add a person named Ada with role lead, and connect her to a project called Engine as LEADS",
  "What can you do?",
]

/** What to begin with, in a session in which nothing was said yet. */
export function Suggestions({ onChoose }: { onChoose: (prompt: string) => void }) {
  return (
    <section class="suggestions" aria-label="Suggestions">
      <h2>What shall we make?</h2>
      <p class="soft">Say it in plain words. The graph grows beside the conversation.</p>
      {PROMPTS.map((prompt) => (
        <button key={prompt} type="button" class="chip" onClick={() => onChoose(prompt)}>
          {prompt}
        </button>
      ))}
    </section>
  )
}
