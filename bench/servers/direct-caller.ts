/** Refreshes by function calls in one process, to show the cost without HTTP. */
import { join } from 'node:path';
import { type OpenedLatchkey, openLatchkey } from 'latchkey/server';
import { answerParent } from '../lib/child.ts';
import { databaseOptions } from './server-process.ts';

export type DirectQuestion =
  | {
      readonly open: {
        readonly folder: string;
        /** `postgres://…`; default: SQLite in the folder. */
        readonly databaseUrl?: string | undefined;
        readonly callers: number;
      };
    }
  | { readonly milliseconds: number };

let latchkey: OpenedLatchkey | undefined;
let tokens: string[] = [];

/** The answer is the number of refreshes. */
answerParent<DirectQuestion>(async (question) => {
  if ('milliseconds' in question) return refreshFor(question.milliseconds);
  const { folder, databaseUrl, callers } = question.open;
  latchkey = await openLatchkey({
    dataDir: join(folder, 'data'),
    ...databaseOptions(databaseUrl),
    refreshGrace: '0s',
    hashing: { memoryCost: 8, timeCost: 1 },
    env: {},
    envFile: false,
  });
  const { auth } = latchkey;
  const users = Array.from({ length: callers }, (_, index) =>
    auth.register({ username: `user-${index}`, password: 'correct horse battery' }),
  );
  tokens = (await Promise.all(users)).map(({ refreshToken }) => refreshToken);
  return 0;
});

async function refreshFor(milliseconds: number): Promise<number> {
  if (latchkey === undefined) throw new Error('Open it first.');
  const { auth } = latchkey;
  const until = performance.now() + milliseconds;
  let count = 0;
  const callers = tokens.map(async (_, caller) => {
    while (performance.now() < until) {
      const { refreshToken } = await auth.refresh(tokens[caller] ?? '');
      tokens[caller] = refreshToken;
      if (performance.now() < until) count++;
    }
  });
  await Promise.all(callers);
  return count;
}
