import { browserTabs } from "./stream/circle.js"
import { SharedSource } from "./stream/sharing.js"
import type { Share } from "./stream/source.js"

/**
 * Share one connection with the other tabs of this browser that follow the same stream by SSE, since a browser opens only
 * six to a server. For pages of one user: what one tab reads, all of the page's origin hear. Where the browser has no
 * locks or channels, each tab keeps to its own.
 */
export const tabs: Share = (source, name) => {
  const found = browserTabs()
  return found ? new SharedSource(source, name, found) : source
}
