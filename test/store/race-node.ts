/** A node of its own process for the race test: the domain on the database it is told of. */
import { createAuth } from '../../src/auth/create-auth.ts';
import { LatchkeyError } from '../../src/kernel/errors.ts';
import { openPostgresStore } from '../../src/store/index.ts';
import { createTestRandom, TEST_SETTINGS, TestClock, TestHasher } from '../support/auth.ts';

/** Refreshes at `now` from `callers` callers at the same time. */
export interface Round {
  readonly refreshToken: string;
  readonly now: number;
  readonly callers: number;
}

/** Each answer once: a refresh token, or the code of a refusal; and the generations they are of. */
export interface Answers {
  readonly refreshTokens: readonly string[];
  readonly refusals: readonly string[];
  readonly generations: readonly number[];
}

const [url = '', seed = ''] = process.argv.slice(2);
const store = await openPostgresStore({
  url,
  connectTimeoutMs: 30_000,
  statementTimeoutMs: 30_000,
});
const clock = new TestClock();
const settings = { ...TEST_SETTINGS, algorithm: 'HS256' as const };
const ports = { store, clock, hasher: new TestHasher(), random: createTestRandom(seed) };
const auth = await createAuth({ settings, ...ports });

process.on('message', async ({ refreshToken, now, callers }: Round) => {
  clock.ms = now;
  const calls = Array.from({ length: callers }, () => auth.refresh(refreshToken));
  const tokens = new Set<string>();
  const refusals = new Set<string>();
  const generations = new Set<number>();
  for (const result of await Promise.allSettled(calls)) {
    if (result.status === 'fulfilled') {
      tokens.add(result.value.refreshToken);
      generations.add(result.value.session.generation);
    } else {
      const { reason } = result;
      refusals.add(reason instanceof LatchkeyError ? reason.code : String(reason));
    }
  }
  const answers: Answers = {
    refreshTokens: [...tokens],
    refusals: [...refusals],
    generations: [...generations],
  };
  process.send?.(answers);
});
process.on('disconnect', () => void store.close());
process.send?.('ready');
