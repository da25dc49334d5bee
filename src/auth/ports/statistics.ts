/** How much there is, as it was when it was read. */
export interface Statistics {
  readonly users: {
    readonly total: number;
    readonly disabled: number;
    readonly administrators: number;
  };
  /** Sessions that have not expired. Some may have ended and wait for the background job to remove them. */
  readonly sessions: number;
  /** How many events of each type there were; types without one are absent. */
  readonly events: Readonly<Record<string, number>>;
}

/** The verb that counts. */
export interface StatisticsStore {
  /**
   * Counts users, sessions and events. It takes time that grows with their number, so call it seldom.
   * @param args `role`: that of administrators; `eventsAfter`: only events whose id sorts after it; `eventLimit`: at most
   *   so many of them, the latest
   */
  readStatistics(args: {
    now: number;
    role: string;
    eventsAfter: string;
    eventLimit: number;
  }): Promise<Statistics>;
}
