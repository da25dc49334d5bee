/** A guard in a process of its own, which looks at tokens every millisecond until they are refused. */
import { createGuard, type Guard } from 'latchkey/guard';
import { answerParent } from '../lib/child.ts';
import { now } from '../lib/now.ts';

export type GuardingQuestion =
  | { readonly start: { readonly issuer: string; readonly credential: string } }
  | { readonly watch: readonly string[] }
  /** Waits until all that are watched are refused, so many ms at most. */
  | { readonly collect: number }
  /** Waits until the feed is open, or is not. */
  | { readonly reach: boolean };

export interface GuardingAnswer {
  /** When each token was first refused; null where it was not. */
  readonly times?: readonly (number | null)[];
}

let guard: Guard | undefined;
let watched: { readonly token: string; refusedAt: number | null }[] = [];

function isAccepted(token: string): boolean {
  try {
    return guard?.verify(token) !== undefined;
  } catch {
    return false;
  }
}

setInterval(() => {
  for (const it of watched) {
    if (it.refusedAt === null && !isAccepted(it.token)) it.refusedAt = now();
  }
}, 1);

async function until(isReached: () => boolean, patience: number): Promise<void> {
  const end = now() + patience;
  while (!isReached() && now() < end) await new Promise((resolve) => setTimeout(resolve, 1));
}

answerParent<GuardingQuestion>(async (question): Promise<GuardingAnswer> => {
  if ('start' in question) {
    const { issuer, credential } = question.start;
    guard = createGuard({ issuer, revocations: { credential } });
    await guard.ready();
    return {};
  }
  if ('reach' in question) {
    const isReached = () => guard?.status().revocations?.connected === question.reach;
    await until(isReached, 60_000);
    if (!isReached()) throw new Error('The feed did not get there.');
    return {};
  }
  if ('watch' in question) {
    watched = question.watch.map((token) => ({ token, refusedAt: null }));
    if (!watched.every(({ token }) => isAccepted(token))) throw new Error('A token is refused.');
    return {};
  }
  await until(() => watched.every(({ refusedAt }) => refusedAt !== null), question.collect);
  return { times: watched.map(({ refusedAt }) => refusedAt) };
});
