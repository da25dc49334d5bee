import type { KeyKeeper } from '../auth/key-keeper.ts';
import type { Settings } from '../config/settings.ts';
import { toOptions } from './given-options.ts';

/** Opens the keys of the server's database, and lets go of it whatever comes. */
export async function withKeeper<T>(
  settings: Settings,
  work: (keeper: KeyKeeper) => Promise<T>,
): Promise<T> {
  const [{ openLatchkey }, { systemRandom }] = await Promise.all([
    import('../system/latchkey.ts'),
    import('../system/clock.ts'),
  ]);
  // No token is signed here, and a key given is a key that need not be made and stored.
  const unused = { algorithm: 'HS256', signingKey: systemRandom.bytes(32) } as const;
  const { auth, close } = await openLatchkey({ ...toOptions(settings), ...unused });
  try {
    return await work(auth.keeper);
  } finally {
    await close();
  }
}
