import { type LatchkeyOptions, openLatchkey } from 'latchkey/server';
import type { Keys } from './keys.ts';

/** Options of a Latchkey in memory with cheap password hashes, for benches that do not measure signing in. */
export function createSettings({ algorithm, private: signingKey }: Keys, users: number) {
  return {
    algorithm,
    signingKey,
    secret: 'a secret for measuring, useless elsewhere',
    databaseUrl: 'sqlite::memory:',
    accessTokenTtl: '24h',
    hashing: { memoryCost: 8, timeCost: 1, maxQueue: users },
    env: {},
    envFile: false,
  } satisfies LatchkeyOptions;
}

/** Signs users in at a Latchkey with these keys. @returns an access token for each */
export async function createAccessTokens(
  keys: Keys,
  issuer: string,
  users: number,
): Promise<readonly string[]> {
  const latchkey = await openLatchkey({ ...createSettings(keys, users), issuer });
  try {
    const registered = Array.from({ length: users }, (_, index) =>
      latchkey.auth.register({ username: `user-${index}`, password: 'correct horse battery' }),
    );
    return (await Promise.all(registered)).map(({ accessToken }) => accessToken);
  } finally {
    await latchkey.close();
  }
}
