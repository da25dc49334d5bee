/**
 * Loaded into a server, makes a faulty writer of it: each commit is put off until the next transaction
 * begins, and so comes after the answers.
 */
import { DatabaseSync } from 'node:sqlite';

const prepare = DatabaseSync.prototype.prepare;
let commit: (() => unknown) | undefined;

DatabaseSync.prototype.prepare = function (sql, ...rest) {
  const statement = prepare.call(this, sql, ...rest);
  const run = statement.run.bind(statement);
  if (sql === 'COMMIT') {
    statement.run = () => {
      commit = run;
      return { changes: 0, lastInsertRowid: 0 };
    };
  }
  if (sql.startsWith('BEGIN')) {
    statement.run = () => {
      commit?.();
      commit = undefined;
      return run();
    };
  }
  return statement;
};
