import type { Table } from './report.ts';

export interface BenchOptions {
  /** Few and short rounds: to see that it works, not to quote. */
  readonly quick: boolean;
}

/** One measurement, which can be run alone. */
export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly summary: string;
  run(options: BenchOptions): Promise<readonly Table[]>;
}
