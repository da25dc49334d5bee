/**
 * Loaded into a server, writes down in what order requests, commits and answers come, on all its threads,
 * into the file that TEST_WITNESS names: a line of JSON each. A commit counts as synced where the pragmas in
 * force on that very connection say so.
 */
import { subscribe } from 'node:diagnostics_channel';
import { appendFileSync } from 'node:fs';
import { IncomingMessage, ServerResponse } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import type { Moment } from './order.ts';

const file = process.env['TEST_WITNESS'] ?? '';
const note = (moment: Moment) => appendFileSync(file, `${JSON.stringify(moment)}\n`);

subscribe('http.server.request.start', (message) => {
  const { request } = Object(message);
  if (request instanceof IncomingMessage) {
    note({ what: 'request', text: `${request.method} ${request.url}` });
  }
});

// Nothing of an answer is sent before this is called.
const writeHead = ServerResponse.prototype.writeHead;
ServerResponse.prototype.writeHead = function (status: number, ...rest: never[]) {
  note({ what: 'answer', text: String(status) });
  return writeHead.call(this, status, ...rest);
};

const prepare = DatabaseSync.prototype.prepare;
const ask = (db: DatabaseSync, sql: string) =>
  Object.values(prepare.call(db, sql).get() ?? {}).join();
const FULL = '2';
let changes = '';

DatabaseSync.prototype.prepare = function (sql, ...rest) {
  const statement = prepare.call(this, sql, ...rest);
  const run = statement.run.bind(statement);
  const countChanges = () => ask(this, 'SELECT total_changes()');
  if (sql === 'BEGIN IMMEDIATE') {
    statement.run = () => {
      const done = run();
      note({ what: 'locked' });
      changes = countChanges();
      return done;
    };
  }
  if (sql === 'COMMIT') {
    statement.run = () => {
      const done = run();
      if (countChanges() !== changes) {
        note({ what: 'written' });
        const isWal = ask(this, 'PRAGMA journal_mode') === 'wal';
        // Without this one macOS answers before the disk has it.
        const isFull = ask(this, 'PRAGMA fullfsync') === '1';
        if (isWal && isFull && ask(this, 'PRAGMA synchronous') === FULL) note({ what: 'synced' });
      }
      note({ what: 'unlocked' });
      changes = countChanges();
      return done;
    };
  }
  return statement;
};
