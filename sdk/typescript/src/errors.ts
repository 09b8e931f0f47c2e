import type { ProblemDetails } from "./resources.js"

/** What an error is made from: what the server says of it, or as much of that as is known. */
export type Problem = Pick<ProblemDetails, "status" | "code" | "detail"> & Partial<ProblemDetails>

/** What went wrong with a request: `code` is stable and made for programs, `message` is one sentence for people. */
export class PuntiniError extends Error {
  override readonly name = "PuntiniError"
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number
  readonly code: string
  /** Which fields are wrong, and how. */
  readonly errors: ProblemDetails["errors"]
  /** Names the request in the server's log. */
  readonly requestId: string
  /** Seconds after which another try may help, where the server said so. */
  readonly retryAfter: number | undefined

  constructor(problem: Problem, retryAfter?: number) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.errors = problem.errors ?? []
    this.requestId = problem.request_id ?? ""
    this.retryAfter = retryAfter
  }

  /** Whether the same request may well succeed later. */
  get retryable(): boolean {
    return (
      this.code === "network" ||
      this.code === "cut_off" ||
      this.status === 408 ||
      this.status === 429 ||
      this.status >= 500
    )
  }
}

/** What this side has to say, in the words of the server's errors. */
export function problem(status: number, code: string, detail: string, retryAfter?: number): PuntiniError {
  return new PuntiniError({ status, code, detail }, retryAfter)
}

/** An answer that is no success, as an error. */
export async function refusal(answer: Response): Promise<PuntiniError> {
  const after = Number(answer.headers.get("retry-after")) || undefined
  const said: unknown = await answer.json().catch(() => undefined)
  if (isProblem(said)) return new PuntiniError(said, after)
  // It comes from something on the way that is no Puntini server.
  const detail = `The server answered with ${answer.status}: see that the address is right and the server runs.`
  return problem(answer.status, "http", detail, after)
}

function isProblem(said: unknown): said is Problem {
  const [status, code, detail] = ["status", "code", "detail"].map((name) => (said as Record<string, unknown>)?.[name])
  return typeof status === "number" && typeof code === "string" && typeof detail === "string"
}

/** There was no answer, or none that can be read. */
export function unanswered(server: string, cause: unknown): PuntiniError {
  const detail = `${server || "The server"} can't be reached: see that it runs, and that you are online.`
  return Object.assign(problem(0, "network", detail), { cause })
}
