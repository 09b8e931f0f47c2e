/** What went wrong with a request: `code` is stable and made for programs, `message` is one sentence for people. */
export class PuntiniError extends Error {
  override readonly name = "PuntiniError"
  readonly status: number
  readonly code: string
  readonly errors: readonly { path: string; message: string }[]
  readonly requestId: string
  /** Seconds after which another try may help, where the server said so. */
  readonly retryAfter: number | undefined

  constructor(
    problem: {
      status: number
      code: string
      detail: string
      errors?: { path: string; message: string }[]
      request_id?: string
    },
    retryAfter?: number,
  ) {
    super(problem.detail)
    this.status = problem.status
    this.code = problem.code
    this.errors = problem.errors ?? []
    this.requestId = problem.request_id ?? ""
    this.retryAfter = retryAfter
  }

  /** Whether the same request may well succeed later. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}
