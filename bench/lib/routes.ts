/** Measures the same route of several servers in turn. */
import type { Load, LoadResult } from '../load/load.ts';
import type { CpuTime } from '../servers/server-process.ts';
import type { Child } from './child.ts';
import { summarise } from './report/statistics.ts';

const CONNECTIONS = 16;
const PIPELINING = 4;
/** Describes the load, for the notes of a table. */
export const trafficNote = `${CONNECTIONS} connections, ${PIPELINING} requests on each`;

/** A server that is measured. */
export interface Route {
  readonly name: string;
  readonly port: number;
  readonly requests: readonly string[];
  /** CPU time that its process has used so far. */
  readCpu(): Promise<CpuTime>;
}

/** The figures of one route in one round. */
export interface Figures {
  readonly rate: number;
  /** µs of the server's CPU time per request. */
  readonly cpu: number;
  readonly serverCpu: number;
  readonly clientCpu: number;
}

/** The rounds of each route, by its name. */
export class Results extends Map<string, Figures[]> {
  add(name: string, figures: Figures): void {
    this.set(name, [...(this.get(name) ?? []), figures]);
  }

  /** The ratio of two routes by the figure that `read` picks, one for each round. */
  compare(name: string, base: string, read: (figures: Figures) => number): number[] {
    const figures = this.get(name) ?? [];
    return (this.get(base) ?? []).flatMap((it, round) => {
      const other = figures[round];
      return other === undefined ? [] : read(other) / read(it);
    });
  }
}

/** @throws {Error} where a request is not answered by 2xx */
export async function measureRoute(
  client: Child<Load, LoadResult>,
  { name, port, requests, readCpu }: Route,
  milliseconds: number,
): Promise<Figures> {
  const before = await readCpu();
  const result = await client.ask({
    kind: 'fixed',
    port,
    requests,
    milliseconds,
    connections: CONNECTIONS,
    pipelining: PIPELINING,
  });
  const after = await readCpu();
  if (result.failed > 0) throw new Error(`${name}: ${result.failed} answers were not 2xx.`);
  return {
    rate: result.rate,
    cpu: (after.process - before.process) / result.answered,
    serverCpu: (after.eventLoop - before.eventLoop) / 1000 / milliseconds,
    clientCpu: result.clientCpu,
  };
}

/** Says how busy servers and client were, for the notes of a table. */
export function describeBusyness(figures: readonly Figures[]): string {
  const server = formatShare(figures.map(({ serverCpu }) => serverCpu));
  const client = formatShare(figures.map(({ clientCpu }) => clientCpu));
  return `Event loop of the servers busy: ${server} of a core; the client: ${client}.`;
}

function formatShare(shares: readonly number[]): string {
  const { median, min, max } = summarise(shares);
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return `${percent(median)} (${percent(min)}–${percent(max)})`;
}
