import type { Caller } from '../../auth/audit/caller.ts';
import type { Notice } from '../../auth/notice.ts';
import { closeAfter } from '../../kernel/close-after.ts';
import type { Latchkey } from '../../system/latchkey.ts';
import type { Call } from '../shell/command.ts';
import { findOperator } from '../shell/operator.ts';
import { printWarnings } from '../shell/terminal/print-notices.ts';
import { readDataSettings } from './data-settings.ts';

/**
 * Opens Latchkey on the server's database for a command, and closes it afterwards, even if the command fails.
 * @param work gets Latchkey, and the operator as the audit trail names them
 * @param mayCreate whether the command may create the database. Default: false
 */
export async function withLatchkey<T>(
  call: Call,
  work: (latchkey: Latchkey, operator: Caller) => Promise<T>,
  { mayCreate = false } = {},
): Promise<T> {
  const settings = readDataSettings(call, { mayCreate });
  const [{ openLatchkey }, { systemRandom }] = await Promise.all([
    import('../../system/latchkey.ts'),
    import('../../kernel/system-random.ts'),
  ]);
  // Commands sign no token. With this key, Latchkey does not create and store one.
  const signingKey = systemRandom.bytes(32);
  const onWait = (text: string) => call.console.note(text);
  // The command itself reports the failures that concern it.
  const terms = {
    onBackgroundReport: () => {},
    onNotice: (notice: Notice) => printWarnings(call.console, [notice]),
  };
  const latchkey = await openLatchkey({ signingKey, onWait }, terms, {
    ...settings,
    algorithm: 'HS256',
  });
  printWarnings(call.console, latchkey.notices);
  // A command that may create a database needs no note that it did.
  for (const { level, text } of latchkey.notices) {
    if (level === 'info' && !mayCreate) call.console.note(text);
  }
  return closeAfter(
    () => work(latchkey, findOperator()),
    () => latchkey.close(),
  );
}
