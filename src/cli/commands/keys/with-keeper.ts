import type { Caller } from '../../../auth/audit/caller.ts';
import type { KeyRotationService } from '../../../auth/keys/key-rotation-service.ts';
import type { Settings } from '../../../config/settings.ts';
import { closeAfter } from '../../../kernel/close-after.ts';
import { findOperator } from '../../shell/operator.ts';
import type { Console } from '../../shell/terminal/console.ts';

/** Opens the keys of the server's database, and lets go of it whatever comes. */
export async function withKeeper<T>(
  console: Console,
  settings: Settings,
  work: (keeper: KeyRotationService, operator: Caller) => Promise<T>,
): Promise<T> {
  const [{ openLatchkey }, { systemRandom }] = await Promise.all([
    import('../../../system/latchkey.ts'),
    import('../../../kernel/system-random.ts'),
  ]);
  // No token is signed here, and a key given is a key that need not be made and stored.
  const signingKey = systemRandom.bytes(32);
  const unused = { ...settings, algorithm: 'HS256' } as const;
  const onWait = (text: string) => console.note(text);
  // A failure that matters to a command is the command's own.
  const quiet = { onBackgroundReport: () => {} };
  const { auth, close } = await openLatchkey({ signingKey, onWait }, quiet, unused);
  return closeAfter(() => work(auth.keeper, findOperator()), close);
}
