import type { Table } from './report/report.ts';

export interface BenchOptions {
  /** Runs few and short rounds, to check that the bench works. The figures are not meaningful. */
  readonly quick: boolean;
}

/** One measurement, which can be run alone. */
export interface Bench {
  readonly name: string;
  /** What it measures, in one line. */
  readonly summary: string;
  run(options: BenchOptions): Promise<readonly Table[]>;
}
