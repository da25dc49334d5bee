/** What the client process is asked to do. */
export type Load = FixedLoad | RefreshLoad;

interface CommonLoad {
  readonly port: number;
  readonly milliseconds: number;
}

/** The same requests in a circle; each connection begins with another one. */
export interface FixedLoad extends CommonLoad {
  readonly kind: 'fixed';
  /** Whole requests as they go over the wire. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Requests in flight on each connection; without limit if there is a rate. */
  readonly pipelining: number;
  /** Requests per second, evenly spread. Default: as many as the server answers. */
  readonly rate?: number;
  /** Does not wait for answers that come after the time: an overloaded server may never give them. Default false. */
  readonly abandons?: boolean;
}

/** Each connection refreshes its own tokens in turn, and goes on with their successors. */
export interface RefreshLoad extends CommonLoad {
  readonly kind: 'refresh';
  /** Dealt out to the connections in turn: the first token to the first connection, and so on. */
  readonly tokens: readonly string[];
  readonly connections: number;
}

/** How many answers of a kind came, and when. */
export interface AnswerTimes {
  readonly answered: number;
  /** ms, as below. */
  readonly p50: number;
  readonly p99: number;
}

export interface LoadResult {
  /** Requests answered within the time. */
  readonly answered: number;
  /** Answers per second. */
  readonly rate: number;
  /** Answers with another status than 2xx. */
  readonly failed: number;
  /** Those with 2xx, and those with 429 or 503. */
  readonly served: AnswerTimes;
  readonly refused: AnswerTimes;
  /** ms from sending a request, or from the moment that the rate set for it, to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Share of one core that the client used. Near 1, the client is the bottleneck. */
  readonly clientCpu: number;
  /** The last refresh tokens, in the same places, to go on with. */
  readonly tokens: readonly string[];
}
