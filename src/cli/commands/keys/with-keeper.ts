import type { Caller } from '../../../auth/audit/caller.ts';
import type { Auth } from '../../../auth/auth.ts';
import type { Settings } from '../../../config/settings.ts';
import { closeAfter } from '../../../kernel/close-after.ts';
import { toOptions } from '../../shell/given-options.ts';
import { findOperator } from '../../shell/operator.ts';
import type { Console } from '../../shell/terminal/console.ts';

/** Opens the keys of the server's database, and lets go of it whatever comes. */
export async function withKeeper<T>(
  console: Console,
  settings: Settings,
  work: (auth: Pick<Auth, 'keyRotation' | 'secretRotation'>, operator: Caller) => Promise<T>,
): Promise<T> {
  const [{ openLatchkey }, { systemRandom }] = await Promise.all([
    import('../../../system/latchkey.ts'),
    import('../../../kernel/system-random.ts'),
  ]);
  // No token is signed here, and a key given is a key that need not be made and stored.
  const unused = { algorithm: 'HS256', signingKey: systemRandom.bytes(32) } as const;
  const onWait = (text: string) => console.note(text);
  // A failure that matters to a command is the command's own.
  const quiet = { onBackgroundReport: () => {} };
  const { auth, close } = await openLatchkey({ ...toOptions(settings), ...unused, onWait }, quiet);
  return closeAfter(() => work(auth, findOperator()), close);
}
