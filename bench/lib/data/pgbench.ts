import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The version line of pgbench; undefined if it is not installed. */
export async function findPgbench(): Promise<string | undefined> {
  try {
    const { stdout } = await run('pgbench', ['--version']);
    return stdout.trim();
  } catch {
    return undefined;
  }
}

export interface PgbenchRun {
  readonly url: string;
  readonly folder: string;
  /** Each connection repeats it. */
  readonly script: string;
  /** The initial values of its variables, on each connection. */
  readonly variables: Readonly<Record<string, number>>;
  readonly connections: number;
  readonly seconds: number;
}

export interface PgbenchResult {
  readonly transactions: number;
  /** Transactions per second, without the time to connect. */
  readonly rate: number;
}

/** Runs a script with prepared statements. */
export async function runPgbench(options: PgbenchRun): Promise<PgbenchResult> {
  const { url, folder, script, variables, connections, seconds } = options;
  const file = join(folder, 'script.sql');
  writeFileSync(file, script);
  const flags = ['--no-vacuum', '--protocol=prepared', `--client=${connections}`, '--jobs=2'];
  for (const [name, value] of Object.entries(variables)) flags.push(`--define=${name}=${value}`);
  const { stdout } = await run('pgbench', [...flags, `--time=${seconds}`, `--file=${file}`, url]);
  const read = (pattern: RegExp) => Number(pattern.exec(stdout)?.[1]);
  const transactions = read(/^number of transactions actually processed: (\d+)/m);
  const rate = read(/^tps = ([\d.]+) /m);
  if (Number.isNaN(transactions + rate)) throw new Error(`pgbench answered:\n${stdout}`);
  return { transactions, rate };
}
