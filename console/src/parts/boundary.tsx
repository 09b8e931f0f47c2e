import { Component, type ComponentChildren } from "preact"

interface BoundaryOptions {
  /** When this becomes another, it is tried again. */
  at?: string
  children: ComponentChildren
}

/** Where a part fails by a fault of ours, this says so in its place; the rest of the page goes on. */
export class Boundary extends Component<BoundaryOptions, { failed: boolean }> {
  override state = { failed: false }

  static override getDerivedStateFromError(): { failed: boolean } {
    return { failed: true }
  }

  override componentDidCatch(error: unknown): void {
    console.error(error)
  }

  override componentDidUpdate(before: BoundaryOptions): void {
    if (this.state.failed && before.at !== this.props.at) this.setState({ failed: false })
  }

  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <div class="page">
        <div class="empty" role="alert">
          <p class="empty-title">This part of the page failed: load it again, nothing on the server is lost.</p>
          <button type="button" class="button primary" onClick={() => location.reload()}>
            Reload the page
          </button>
        </div>
      </div>
    )
  }
}
