import type { RefObject } from "preact"
import { useCallback, useLayoutEffect, useRef, useState } from "preact/hooks"

/** So near to the end counts as at the end, for screens that divide pixels. */
const NEAR = 8

export interface Following {
  readonly scroller: RefObject<HTMLDivElement>
  readonly content: RefObject<HTMLDivElement>
  /** Whether the newest is in sight. */
  readonly follows: boolean
  /** Show the newest, and follow from there. */
  readonly jump: () => void
  readonly onScroll: () => void
  /** To be called when somebody folds something in or out: what they look at stays where it is, however late the rest comes. */
  readonly onClick: (event: MouseEvent) => void
  /** Do what adds something above, and keep what is in sight where it is. */
  readonly hold: (work: () => Promise<unknown>) => Promise<void>
}

/** Keeps the end of a growing content in sight, until somebody scrolls up. */
export function useFollowing(): Following {
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const [follows, setFollows] = useState(true)
  const place = useRef({ follows: true, top: 0 })
  const follow = useCallback((follows: boolean) => {
    place.current.follows = follows
    setFollows(follows)
  }, [])
  const end = useCallback(() => {
    const box = scroller.current
    if (!box) return
    if (!place.current.follows) return setFollows(left(box) <= NEAR)
    box.scrollTop = box.scrollHeight
    place.current.top = box.scrollTop
  }, [])
  const onScroll = useCallback(() => {
    const box = scroller.current
    if (!box) return
    // Only going up lets go: content that grows leaves the end behind, too.
    if (left(box) <= NEAR) follow(true)
    else if (box.scrollTop < place.current.top) follow(false)
    place.current.top = box.scrollTop
  }, [])
  const onClick = useCallback((event: MouseEvent) => {
    const fold = event.target instanceof Element && event.target.closest("summary, .value-more")
    if (!fold) return
    place.current.follows = false
    const unfolds = !fold.closest("summary")?.parentElement?.hasAttribute("open")
    if (unfolds) return
    requestAnimationFrame(() => {
      const box = scroller.current
      if (box) follow(left(box) <= NEAR)
    })
  }, [])
  const jump = useCallback(() => {
    follow(true)
    end()
  }, [])
  const hold = useCallback(async (work: () => Promise<unknown>) => {
    const box = scroller.current
    const top = box?.getBoundingClientRect().top ?? 0
    const rows = [...(content.current?.querySelectorAll(".row-item") ?? [])]
    const row = rows.find((each) => each.getBoundingClientRect().bottom > top)
    const before = row?.getBoundingClientRect().top ?? 0
    await work()
    // By then it is drawn, and not shown yet. What the browser has held by itself is no way off.
    requestAnimationFrame(() => {
      if (box && row) box.scrollTop += row.getBoundingClientRect().top - before
    })
  }, [])
  useLayoutEffect(() => {
    const watch = new ResizeObserver(end)
    if (content.current) watch.observe(content.current)
    if (scroller.current) watch.observe(scroller.current)
    return () => watch.disconnect()
  }, [])
  return { scroller, content, follows, jump, onScroll, onClick, hold }
}

/** How far it is to the end. */
function left({ scrollHeight, clientHeight, scrollTop }: HTMLElement): number {
  return scrollHeight - clientHeight - scrollTop
}
