/** What every server process of the bench can be asked, once it is told what to be. */
import type { FastifyInstance } from 'fastify';
import { answerParent } from '../lib/child.ts';

/** What the process used so far, in µs: all of its threads, and the event loop's alone. */
export interface CpuTime {
  readonly process: number;
  readonly eventLoop: number;
}

export type ServerQuestion<Setup> = { readonly start: Setup } | { readonly cpu: true };

export function serve<Setup, Started>(start: (setup: Setup) => Promise<Started>): void {
  answerParent<ServerQuestion<Setup>>(async (question) => {
    if ('start' in question) return start(question.start);
    const whole = process.cpuUsage();
    const thread = process.threadCpuUsage();
    const time: CpuTime = {
      process: whole.user + whole.system,
      eventLoop: thread.user + thread.system,
    };
    return time;
  });
}

/** Listens on any free port of loopback, and answers which. */
export async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
}

/** For a database on PostgreSQL, whose nodes share a secret, or for the default: SQLite in the data folder. */
export function databaseOptions(
  databaseUrl: string | undefined,
): { readonly databaseUrl: string; readonly secret: string } | Record<string, never> {
  if (databaseUrl === undefined) return {};
  // On a machine that is busy besides, nobody is to be turned away.
  const url = `${databaseUrl}?connect_timeout=60&statement_timeout=60000`;
  return { databaseUrl: url, secret: 'a secret for measuring, of no use to anybody' };
}
