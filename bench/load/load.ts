/** What the client process is asked to do, and what it found. */
export type Load = FixedLoad | RefreshLoad;

interface CommonLoad {
  readonly port: number;
  readonly milliseconds: number;
}

/** The same requests again and again, by each connection from another one on. */
export interface FixedLoad extends CommonLoad {
  readonly kind: 'fixed';
  /** Whole requests as they go over the wire. */
  readonly requests: readonly string[];
  readonly connections: number;
  /** Requests on their way on each connection at any time; at a given rate, as many as it takes. */
  readonly pipelining: number;
  /** Requests per second, evenly spread; absent: as many as the server answers. */
  readonly rate?: number;
}

/** Each connection refreshes tokens of its own in turn, each one's successor when its turn comes again. */
export interface RefreshLoad extends CommonLoad {
  readonly kind: 'refresh';
  /** The first belongs to the first connection, the second to the second, and so on around. */
  readonly tokens: readonly string[];
  readonly connections: number;
}

export interface LoadResult {
  /** Requests answered within the time. */
  readonly answered: number;
  /** Answers per second. */
  readonly rate: number;
  /** Answers with another status than 2xx. */
  readonly failed: number;
  /** ms from writing a request (or from when its turn came, at a given rate) to its answer. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Share of one core that the client used: near 1, the client is what is measured. */
  readonly clientCpu: number;
  /** The last refresh tokens, in the same places, to go on with. */
  readonly tokens: readonly string[];
}
