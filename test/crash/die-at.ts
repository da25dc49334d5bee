/**
 * Loaded into a command, kills it at the very step that TEST_DIE_AT names: `file:3` at the third thing it
 * does to a file's name or content, a write being cut in half; `commit:4` before or after a commit to SQLite;
 * `query:5` before a query to PostgreSQL, or once it is sent.
 */
import files from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { DatabaseSync } from 'node:sqlite';
import pg from 'pg';

const [kind = '', at = ''] = (process.env['TEST_DIE_AT'] ?? '').split(':');
let left = Number(at);

function isNow(name: string): boolean {
  return name === kind && --left === 0;
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

function step(name: string): void {
  if (isNow(name)) die();
}

for (const name of ['link', 'rename', 'unlink'] as const) {
  const act = files[name];
  Object.assign(files, {
    async [name](...args: Parameters<typeof act>) {
      step('file');
      await Reflect.apply(act, files, args);
      step('file');
    },
  });
}
const open = files.open;
files.open = async (...args) => {
  const handle = await open(...args);
  const write = handle.writeFile.bind(handle);
  handle.writeFile = async (text) => {
    step('file');
    if (isNow('file')) {
      await write(String(text).slice(0, 10));
      die();
    }
    await write(text);
    step('file');
  };
  return handle;
};
syncBuiltinESMExports();

const prepare = DatabaseSync.prototype.prepare;
let isWriting = false;
DatabaseSync.prototype.prepare = function (sql, ...rest) {
  const statement = prepare.call(this, sql, ...rest);
  const run = statement.run.bind(statement);
  if (sql.startsWith('BEGIN')) {
    statement.run = () => {
      isWriting = sql === 'BEGIN IMMEDIATE';
      return run();
    };
  }
  if (sql === 'COMMIT') {
    statement.run = () => {
      if (isWriting) step('commit');
      const done = run();
      if (isWriting) step('commit');
      return done;
    };
  }
  return statement;
};

const query: (...args: unknown[]) => unknown = pg.Client.prototype.query;
Object.assign(pg.Client.prototype, {
  query(this: pg.Client, ...args: unknown[]) {
    step('query');
    const answer = query.apply(this, args);
    step('query');
    return answer;
  },
});
