import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { compileSqliteStatements } from '../../src/store/sqlite/compile-statements.ts';
import { statements } from '../../src/store/sqlite/statements.ts';
import { temporaryFolder } from './folder.ts';

test('the compiled statements are those of the verbs; if not: npm run statements', () => {
  assert.deepEqual(statements, compileSqliteStatements());
});

test('a database that is up to date is served without the query builder', async (t) => {
  const store = new URL('../../src/store/index.ts', import.meta.url).href;
  const program = `
    import { registerHooks } from 'node:module';
    let loads = 0;
    registerHooks({
      resolve(name, context, next) {
        if (name === 'kysely') loads++;
        return next(name, context);
      },
    });
    const { openSqliteStore } = await import(${JSON.stringify(store)});
    const opened = await openSqliteStore({ path: process.argv[1], thread: 'inline' });
    await opened.findUser({ id: 'nobody' });
    await opened.close();
    console.log(loads);
  `;
  const path = `${temporaryFolder(t)}/a.db`;
  const countLoads = async () => {
    const args = ['--input-type=module', '-e', program, path];
    return (await promisify(execFile)(process.execPath, args)).stdout.trim();
  };
  assert.notEqual(await countLoads(), '0', 'the first start migrates');
  assert.equal(await countLoads(), '0');
});
