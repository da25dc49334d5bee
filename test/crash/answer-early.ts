/**
 * Loaded into a server, makes a faulty writer of it: each commit is put off until the next writing
 * transaction begins, and so comes after the answers. What only reads, such as the regular look at the
 * revocation log, runs inside and ends nothing.
 */
import { DatabaseSync } from 'node:sqlite';

const prepare = DatabaseSync.prototype.prepare;
let commit: (() => unknown) | undefined;
const done = { changes: 0, lastInsertRowid: 0 };

DatabaseSync.prototype.prepare = function (sql, ...rest) {
  const statement = prepare.call(this, sql, ...rest);
  const run = statement.run.bind(statement);
  if (sql === 'COMMIT') {
    statement.run = () => {
      commit ??= run;
      return done;
    };
  }
  if (sql === 'BEGIN') statement.run = () => (commit === undefined ? run() : done);
  if (sql === 'BEGIN IMMEDIATE') {
    statement.run = () => {
      commit?.();
      commit = undefined;
      return run();
    };
  }
  return statement;
};
