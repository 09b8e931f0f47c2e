import { path, type CallOptions, type Calls } from "../calls.js"
import type { AnalyticsOverview, PerformanceReport, TaskAnalytics, Trending } from "../resources.js"

/** Which tasks, by when they ended: times, or how long ago (`"24h"`, `"7d"`). The last seven days unless said. */
export interface PeriodOptions extends CallOptions {
  from?: string
  to?: string
  agent?: string
  /** For admins: somebody's. */
  user?: string
}

export const analytics = (calls: Calls) => ({
  /** The numbers of all, by the time, and by agent, status or user. */
  overview: (options?: PeriodOptions & { by?: AnalyticsOverview["by"]; interval?: AnalyticsOverview["interval"] }) =>
    calls.get<AnalyticsOverview>("/v1/analytics", options),

  /** The numbers of one task, also of one that has not ended. */
  task: (id: string, options?: CallOptions) => calls.get<TaskAnalytics>(path`/v1/analytics/tasks/${id}`, options),

  /** The numbers beside those of the time before, and what stands out. */
  performance: (options?: PeriodOptions) => calls.get<PerformanceReport>("/v1/analytics/performance", options),

  /** What is asked for more than before, and most. */
  trending: (options?: PeriodOptions & { limit?: number }) => calls.get<Trending>("/v1/analytics/trending", options),
})
