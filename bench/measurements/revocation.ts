/** How long it takes until a guard in another process applies a revocation, from its acknowledgement. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrivals, compare } from '../lib/arrivals.ts';
import type { Bench } from '../lib/bench.ts';
import { type Child, startChild } from '../lib/child.ts';
import { createDiskFolder } from '../lib/cleanup.ts';
import { now } from '../lib/now.ts';
import { startProxy } from '../lib/proxy.ts';
import { createVerdict, showProgress, type Table } from '../lib/report/report.ts';
import { quantile } from '../lib/report/statistics.ts';
import type { FeedGuardAnswer, FeedGuardQuestion } from '../servers/revocation/feed-guard.ts';
import { type Kind, kinds } from '../servers/revocation/kinds.ts';
import type {
  RevocationAnswer,
  RevocationQuestion,
} from '../servers/revocation/revocation-server.ts';

/** A revocation that takes longer counts as missed. */
const ARRIVAL_LIMIT_MS = 10_000;

type Server = Child<RevocationQuestion, RevocationAnswer>;
type FeedGuard = Child<FeedGuardQuestion, FeedGuardAnswer>;

export const revocation: Bench = {
  name: 'revocation',
  summary: 'from a revocation to its refusal at a guard in another process; a feed cut off',
  async run({ quick }) {
    const count = quick ? 20 : 200;
    const cutFor = quick ? 2_000 : 10_000;
    const proxy = await startProxy();
    const issuer = `http://127.0.0.1:${proxy.port}`;
    const folder = createDiskFolder();
    const start = async (): Promise<{ server: Server; port: number }> => {
      const server: Server = startChild(
        new URL('../servers/revocation/revocation-server.ts', import.meta.url),
      );
      const { port = 0 } = await server.ask({ start: { folder, issuer } });
      return { server, port };
    };
    showProgress('revocation: starting two servers and a guard');
    let near = await start();
    const far = await start();
    proxy.lead(near.port);
    const guard: FeedGuard = startChild(
      new URL('../servers/revocation/feed-guard.ts', import.meta.url),
    );
    const { key: credential = '' } = await near.server.ask({ guard: 'bench' });
    await guard.ask({ start: { issuer, credential } });
    await guard.ask({ reach: true });

    const rows: string[][] = [];
    const all = { near: [] as number[], far: [] as number[] };
    let missed = 0;
    for (const kind of kinds) {
      for (const place of ['near', 'far'] as const) {
        showProgress(`revocation: ${kind}, ${place}`);
        const server = place === 'near' ? near.server : far.server;
        const found = await measure(server, guard, kind, count);
        all[place].push(...found.delays);
        missed += found.missed;
        rows.push([kind, place === 'near' ? 'the same' : 'another', ...describe(found)]);
      }
    }

    showProgress(`revocation: the feed is cut for ${cutFor / 1000} s`);
    const cut = await measureGap(far.server, guard, count, async (revoke) => {
      proxy.lead(undefined);
      await guard.ask({ reach: false });
      const end = now() + cutFor;
      await revoke();
      await sleep(Math.max(0, end - now()));
      proxy.lead(near.port);
    });
    showProgress('revocation: the server is restarted');
    const restart = await measureGap(far.server, guard, count, async (revoke) => {
      await near.server.ask({ close: true });
      near.server.stop();
      await guard.ask({ reach: false });
      await revoke();
      near = await start();
      proxy.lead(near.port);
    });
    for (const child of [near.server, far.server, guard]) child.stop();
    missed += cut.missed + restart.missed;
    return [createTable(rows, all, missed, { cut, restart, cutFor, count })];
  },
};

async function measure(
  server: Server,
  guard: FeedGuard,
  kind: Kind,
  count: number,
): Promise<Arrivals> {
  const { tokens = [] } = await server.ask({ people: count });
  await guard.ask({ watch: tokens });
  const { times: told = [] } = await server.ask({ revoke: kind, tokens, pause: 7 });
  const { times: refused = [] } = await guard.ask({ collect: ARRIVAL_LIMIT_MS });
  return compare(told, refused);
}

/** Revokes while the guard receives nothing, and measures from the return of the feed to the refusals. */
async function measureGap(
  server: Server,
  guard: FeedGuard,
  count: number,
  open: (revoke: () => Promise<void>) => Promise<void>,
): Promise<Arrivals> {
  const { tokens = [] } = await server.ask({ people: count * kinds.length });
  await guard.ask({ watch: tokens });
  await open(async () => {
    for (const [index, kind] of kinds.entries()) {
      const some = tokens.slice(index * count, (index + 1) * count);
      await server.ask({ revoke: kind, tokens: some, pause: 0 });
    }
  });
  const back = now();
  const { times: refused = [] } = await guard.ask({ collect: 4 * ARRIVAL_LIMIT_MS });
  return compare(
    tokens.map(() => back),
    refused,
  );
}

function describe({ delays, missed }: Arrivals): string[] {
  const sorted = delays.toSorted((a, b) => a - b);
  const format = (share: number) => quantile(sorted, share).toFixed(1);
  return [format(0.5), format(0.99), format(1), String(missed)];
}

function createTable(
  rows: readonly string[][],
  all: { near: readonly number[]; far: readonly number[] },
  missed: number,
  gaps: { cut: Arrivals; restart: Arrivals; cutFor: number; count: number },
): Table {
  const { cut, restart, cutFor, count } = gaps;
  const [near, far] = [all.near, all.far].map((it) => it.toSorted((a, b) => a - b));
  const find = (sorted: readonly number[] = [], share: number) => quantile(sorted, share);
  const gap = ({ delays }: Arrivals) => Math.max(...delays).toFixed(0);
  return {
    title: 'Revocation to a guard in another process',
    columns: ['revoked by', 'server of the feed', 'p50, ms', 'p99, ms', 'greatest, ms', 'missed'],
    rows,
    notes: [
      `${count} revocations in each row, one after the other; from the moment the domain acknowledges one to the first refusal at the guard, which looks every millisecond. "Another" server is on the same SQLite file; it is woken when the file is written.`,
      `Cut off for ${cutFor / 1000} s: of ${count * kinds.length} revocations at another server in that time ${cut.missed} were missed; the last was in force ${gap(cut)} ms after the network was back.`,
      `Server restarted: of ${count * kinds.length} revocations at another server meanwhile ${restart.missed} were missed; the last was in force ${gap(restart)} ms after the server was back.`,
      createVerdict(
        'p99 at most 250 ms, greatest at most 1 s, nothing missed',
        `p99 ${find(near, 0.99).toFixed(1)} ms, greatest ${find(near, 1).toFixed(1)} ms, missed ${missed}`,
        find(near, 0.99) <= 250 && find(near, 1) <= 1000 && missed === 0,
      ),
      createVerdict(
        'revoked at another server, p99 at most 20 ms, greatest under 1 s',
        `p99 ${find(far, 0.99).toFixed(1)} ms, greatest ${find(far, 1).toFixed(1)} ms`,
        find(far, 0.99) <= 20 && find(far, 1) < 1000,
      ),
    ],
  };
}
