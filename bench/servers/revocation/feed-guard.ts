/** A guard in its own process, which polls tokens every millisecond until they are refused. */
import { createGuard, type Guard } from 'latchkey/guard';
import { answerParent } from '../../lib/child.ts';
import { createWatch, until } from '../../lib/watch.ts';

export type FeedGuardQuestion =
  | { readonly start: { readonly issuer: string; readonly credential: string } }
  | { readonly watch: readonly string[] }
  /** Waits until all watched tokens are refused, this many ms at most. */
  | { readonly collect: number }
  /** Waits until the feed is connected, or until it is not. */
  | { readonly reach: boolean };

export interface FeedGuardAnswer {
  /** When each token was first refused; null where it was not. */
  readonly times?: readonly (number | null)[];
}

let guard: Guard | undefined;

function isAccepted(token: string): boolean {
  try {
    return guard?.verify(token) !== undefined;
  } catch {
    return false;
  }
}

const watch = createWatch(isAccepted);

answerParent<FeedGuardQuestion>(async (question): Promise<FeedGuardAnswer> => {
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
    watch.begin(question.watch);
    return {};
  }
  return { times: await watch.collect(question.collect) };
});
