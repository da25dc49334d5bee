import type { Caller } from '../../auth/audit/caller.ts';
import { closeAfter } from '../../kernel/close-after.ts';
import type { Latchkey } from '../../system/latchkey.ts';
import type { Call } from '../shell/command.ts';
import { findOperator } from '../shell/operator.ts';
import { printWarnings } from '../shell/terminal/print-notices.ts';
import { readDataSettings } from './database/data-commands.ts';

/**
 * Opens Latchkey on the server's database, and lets go of it whatever comes.
 * @param work is told who the audit trail is to name
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
  // No token is signed here, and a key given is a key that need not be made and stored.
  const signingKey = systemRandom.bytes(32);
  const unused = { ...settings, algorithm: 'HS256' } as const;
  const onWait = (text: string) => call.console.note(text);
  // A failure that matters to a command is the command's own.
  const quiet = { onBackgroundReport: () => {} };
  const latchkey = await openLatchkey({ signingKey, onWait }, quiet, unused);
  printWarnings(call.console, latchkey.notices);
  // A command that may make a database was asked to.
  for (const { level, text } of latchkey.notices) {
    if (level === 'info' && !mayCreate) call.console.note(text);
  }
  return closeAfter(
    () => work(latchkey, findOperator()),
    () => latchkey.close(),
  );
}
