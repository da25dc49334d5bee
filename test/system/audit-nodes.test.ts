import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { repetitionsOf } from '../../scripts/proofs.ts';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { startPostgres } from '../support/postgres.ts';
import { SECRET } from '../support/server.ts';
import type { NodeOrder, NodeReport } from './audit-node.ts';

const logins = repetitionsOf('TEST_SEALED_LOGINS');
/** A short run is over before its nodes are warm, so it compares no times. */
const isFull = logins >= 1000;
const postgres = await startPostgres();
const password = 'correct horse';

for (const kind of ['SQLite', 'PostgreSQL'] as const) {
  test(`${kind}: two nodes write at full speed while one seals, the sealer is killed, and nothing is lost`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'latchkey-audit-nodes-'));
    const children: ChildProcess[] = [];
    t.after(async () => {
      for (const child of children) child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    const file = join(folder, 'latchkey.db');
    const databaseUrl = kind === 'SQLite' ? `sqlite:${file}` : await postgres.createDatabase();
    const common = { databaseUrl, dataDir: folder, secret: SECRET };
    const watcher = await openLatchkey({
      ...common,
      env: {},
      envFile: false,
      issuer: 'https://auth.example',
      hashing: { memoryCost: 8, timeCost: 1, threads: 1 },
    });
    t.after(() => watcher.close());
    // Few sessions each: what is measured is not how the surplus of sessions ends.
    const users = Math.max(40, Math.ceil(logins / 15));
    const usernames = Array.from({ length: users }, (_, at) => `user${at}`);
    await Promise.all(usernames.map((username) => watcher.users.create({ username, password })));

    const start = (seals: boolean, count: number) => {
      const child = fork(new URL('./audit-node.ts', import.meta.url));
      children.push(child);
      const order: NodeOrder = { ...common, seals, logins: count, usernames, password };
      child.send(order);
      const report = once(child, 'message').then(([it]) => (it as NodeReport).took);
      report.catch(() => {});
      const end = async () => {
        child.send('end');
        await once(child, 'exit');
      };
      return { child, report, end };
    };
    const countEvents = async () => (await watcher.auth.auditChain.verify()).verified;
    const untilSealed = async () => {
      const from = performance.now();
      while ((await watcher.auth.auditChain.sealer.findUnsealed()) !== undefined);
      return performance.now() - from;
    };

    let without: number[] | undefined;
    if (isFull) {
      const plain = [start(false, logins), start(false, logins)];
      without = (await Promise.all(plain.map(({ report }) => report))).flat();
      await Promise.all(plain.map(({ end }) => end()));
      assert.equal(await countEvents(), 0);
    }

    // The first node takes the lease while it is alone.
    const first = start(true, 1);
    await first.report;
    await untilSealed();
    const before = await countEvents();
    const sealing = [start(true, logins), start(true, logins)];
    const withSealing = (await Promise.all(sealing.map(({ report }) => report))).flat();
    await untilSealed();
    assert.ok((await countEvents()) >= before + 2 * logins);

    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    await watcher.auth.login({ username: 'nobody', password }).catch(() => {});
    const takeOver = await untilSealed();
    for (const { end } of sealing) await end();

    const report = await watcher.auth.auditChain.verify();
    assert.deepEqual([report.isIntact, report.counts], [true, {}]);
    const [last] = (await watcher.auth.audit.list({}, { limit: 1 })).events;
    assert.ok(last);
    const at = (q: number) =>
      `${ms(quantile(withSealing, q))} with sealing, ${without === undefined ? 'not measured' : ms(quantile(without, q))} without`;
    t.diagnostic(
      `${2 * logins} sign-ins on two nodes: p50 ${at(0.5)}; p99 ${at(0.99)}; ${report.verified} events verified; after the sealer was killed another node had sealed after ${ms(takeOver)}`,
    );
    // A sign-in that waited for sealing would wait for a batch, or for the lease. The rest is a busy machine.
    if (without !== undefined) {
      assert.ok(quantile(withSealing, 0.99) < quantile(without, 0.99) * 2 + 20, at(0.99));
    }

    const tamper = async (text: string) => {
      if (kind === 'PostgreSQL') {
        const client = await postgres.connect(databaseUrl);
        await client.query(text);
        await client.end();
        return;
      }
      const db = new DatabaseSync(file);
      db.exec(text);
      db.close();
    };
    const end = report.last?.seq ?? 0;
    const middle = Math.floor(end / 2);
    await tamper(`update audit_events set address = '192.0.2.2' where seq = ${middle};
      delete from audit_events where seq = ${middle + 10};
      delete from audit_events where seq > ${end - 3};
      delete from audit_events where seq < 3`);
    assert.deepEqual((await watcher.auth.auditChain.verify()).counts, {
      cut_off_at_start: 1,
      changed: 1,
      removed: 1,
      cut_off_at_end: 1,
    });
  });
}

function quantile(times: readonly number[], q: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(q * times.length) - 1] ?? 0;
}

function ms(time: number): string {
  return `${time.toFixed(1)} ms`;
}
