/** What every server process of the bench does: start when asked, and report its CPU time. */
import type { FastifyInstance } from 'fastify';
import { answerParent } from '../lib/child.ts';

/** CPU time that the process has used so far, in µs: of all its threads, and of the event loop alone. */
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

/** Listens on a free port of loopback. @returns the port */
export async function listen(app: FastifyInstance): Promise<number> {
  return Number(new URL(await app.listen({ port: 0, host: '127.0.0.1' })).port);
}

/** Options for PostgreSQL, whose nodes share a secret; none for SQLite in the data folder, the default. */
export function databaseOptions(
  databaseUrl: string | undefined,
): { readonly databaseUrl: string; readonly secret: string } | Record<string, never> {
  if (databaseUrl === undefined) return {};
  // Long limits, so that a busy machine refuses no request.
  const url = `${databaseUrl}?connect_timeout=60&statement_timeout=60000`;
  return { databaseUrl: url, secret: 'a secret for measuring, useless elsewhere' };
}
