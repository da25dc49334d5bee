import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openLatchkey } from '../../src/system/latchkey.ts';
import { createFolder, runCli } from './cli.ts';

test('Mails that were not sent are listed with the reason, without links, and sent again', async (t) => {
  const folder = await createFolder(t);
  const cli = (...args: string[]) => runCli(folder, args);
  let accepts = false;
  const tried = Promise.withResolvers<void>();
  const sent = Promise.withResolvers<string>();
  const latchkey = await openLatchkey(
    {
      dataDir: join(folder, 'data'),
      env: {},
      envFile: false,
      sendMail(mail) {
        if (!accepts) {
          tried.resolve();
          throw new TypeError(`no way to send ${mail.text}`);
        }
        sent.resolve(mail.to.address);
      },
    },
    { serves: true, onBackgroundReport: () => {} },
  );
  t.after(() => latchkey.close());
  await latchkey.users.create({ email: 'jane@example.com', password: 'correct horse' });
  const none = await cli('mails', 'list');
  assert.equal(none.stdout, 'No mail waits to be sent.\n', none.stderr);
  const reset = await latchkey.auth.loadPasswordReset();
  await reset.request({ email: 'jane@example.com' });
  latchkey.sendMails();
  await tried.promise;
  let listed: Record<string, unknown>[] = [];
  while (listed[0]?.['problem'] == null)
    listed = JSON.parse((await cli('mails', 'list', '--json')).stdout);
  const [mail] = listed;
  assert.deepEqual(
    [mail?.['purpose'], mail?.['recipient'], mail?.['problem']],
    ['resetPassword', 'jane@example.com', 'sendMail threw an error (TypeError).'],
  );
  const table = (await cli('mails', 'list')).stdout;
  assert.match(table, /^ID +WHAT +TO +SINCE +TRIES +NEXT +WHY\n/);
  assert.ok(!table.includes('lko_'));
  for (const args of [[], ['--all', String(mail?.['id'])], ['jane']]) {
    assert.equal((await cli('mails', 'retry', ...args)).code, 2);
  }
  accepts = true;
  assert.match((await cli('mails', 'retry', '--all')).stdout, /^1 mail will be sent again\.\n/);
  latchkey.sendMails();
  assert.equal(await sent.promise, 'jane@example.com');
});
