import { openLatchkey } from 'latchkey/server';
import type { Keys } from './keys.ts';

/** Signs that many users in at a Latchkey that has these keys: an access token for each. */
export async function createAccessTokens(
  { algorithm, private: signingKey }: Keys,
  issuer: string,
  users: number,
): Promise<readonly string[]> {
  const latchkey = await openLatchkey({
    algorithm,
    signingKey,
    issuer,
    secret: 'a secret for measuring, of no use to anybody',
    databaseUrl: 'sqlite::memory:',
    accessTokenTtl: '24h',
    // Signing in is not what is measured here.
    hashing: { memoryCost: 8, timeCost: 1, maxQueue: users },
    env: {},
    envFile: false,
  });
  try {
    const registered = Array.from({ length: users }, (_, index) =>
      latchkey.auth.register({ username: `user-${index}`, password: 'correct horse battery' }),
    );
    return (await Promise.all(registered)).map(({ accessToken }) => accessToken);
  } finally {
    await latchkey.close();
  }
}
