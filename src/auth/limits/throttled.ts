import { RecordNotFound } from '../../kernel/errors.ts';
import { applicationCaller, type Caller, systemCaller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { unseal } from '../keys/sealing.ts';
import { toUser, type User, type UserRecord } from '../model.ts';
import { cutPage, type Page, parsePage } from '../page.ts';
import type { BucketRecord } from '../ports/limits.ts';
import { findRecord } from '../users/user-records.ts';
import { SUBJECT_PURPOSE } from './attempt-limiter.ts';
import { findKey } from './bucket-keys.ts';
import { describeIdentifier } from './sign-in-attempt.ts';

/** A name at which sign-ins have to wait. Times are ms since the epoch. */
export interface ThrottledName {
  /** Names the entry, and tells nothing else. */
  readonly id: string;
  /** Whose name it is. Null: no user has it, or the user was deleted. The name that was tried is not stored. */
  readonly user: User | null;
  /** How many attempts failed in a row. */
  readonly failures: number;
  /** When the next attempt is admitted. Known devices need not wait. */
  readonly openAt: number;
}

/** A page of {@link Throttling.list}. */
export interface ThrottledPage {
  /** In no meaningful order. */
  readonly throttled: readonly ThrottledName[];
  /** The `after` of the next page; null: this was the last one. */
  readonly nextCursor: string | null;
}

/**
 * Shows where sign-ins have to wait because too many failed, and ends the wait. For operators.
 *
 * ```ts
 * const { throttled } = await auth.throttling.list();
 * ```
 */
export class Throttling {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** @param page Default: the first 100 @throws {InvalidInput} */
  list(page: Page = {}): Promise<ThrottledPage> {
    return this.listRaw(page);
  }

  /** Does the same as {@link list} with the query of a request, where every value is text. */
  async listRaw(page: unknown): Promise<ThrottledPage> {
    const { store, clock } = this.#context;
    const { after, limit } = parsePage(page);
    const now = clock.now();
    const found = await store.listClosedBuckets({
      kind: 'identifier',
      now,
      after,
      limit: limit + 1,
    });
    const { rows, nextCursor } = cutPage(
      found.map((it) => ({ ...it, id: it.key })),
      limit,
    );
    const throttled = await Promise.all(
      rows.map(async (bucket) => ({
        id: bucket.key,
        user: await this.#findUser(bucket),
        failures: bucket.attempts,
        openAt: bucket.openAt,
      })),
    );
    return { throttled, nextCursor };
  }

  /**
   * Lets one name of the list be tried again. Other nodes notice within five seconds.
   * @param id of the entry
   * @throws {RecordNotFound}
   */
  async release(id: string, caller: Caller = applicationCaller): Promise<void> {
    const bucket = await this.#context.store.findBucket({ key: id });
    if (bucket === undefined || bucket.kind !== 'identifier') throw notThrottled();
    const user = await this.#findUser(bucket);
    await removeBuckets(this.#context, [id], user?.id ?? null, caller);
  }

  async #findUser({ key, subject }: BucketRecord): Promise<User | null> {
    const id = subject === null ? undefined : this.#unsealSubject(subject, key);
    const record = id === undefined ? undefined : await findRecord(this.#context, { id });
    return record === undefined ? null : toUser(record);
  }

  /** @returns undefined if the root key was replaced since */
  #unsealSubject(sealed: string, key: string): string | undefined {
    for (const root of this.#context.dataRoots()) {
      try {
        return unseal(findKey(root, SUBJECT_PURPOSE), sealed, key);
      } catch {
        // Sealed under another root key.
      }
    }
    return undefined;
  }
}

/**
 * Lets both names of a user be tried again: see `Users.unthrottle`.
 * @returns whether an attempt at one of them had failed
 */
export function releaseUser(
  context: AuthContext,
  record: UserRecord,
  caller: Caller,
): Promise<boolean> {
  return removeBuckets(context, listNameBuckets(context, record), record.id, caller);
}

async function removeBuckets(
  context: AuthContext,
  keys: readonly string[],
  userId: string | null,
  caller: Caller,
): Promise<boolean> {
  const what = { type: 'user_unthrottled', subject: aboutUser(userId) } as const;
  const event = context.createEvent(what, caller);
  const { found } = await context.store.removeBuckets({ keys, event });
  for (const key of keys) context.limiter.forget(key);
  return found;
}

/** The keys of the buckets of a user's names. */
export function listNameBuckets(
  { limiter }: AuthContext,
  { usernameKey, emailKey }: Pick<UserRecord, 'usernameKey' | 'emailKey'>,
): string[] {
  const names = [
    ...(usernameKey === null ? [] : [{ username: usernameKey }]),
    ...(emailKey === null ? [] : [{ email: emailKey }]),
  ];
  return names.map((name) => limiter.keyOf('identifier', ...describeIdentifier(name)));
}

/**
 * Records how many attempts were refused, with one event for each account and quarter of an hour. Names that no
 * user has are left out: an attacker can think up any number of them.
 * @param isLast true: also those whose quarter of an hour has not ended
 */
export async function reportRefusals(context: AuthContext, isLast = false): Promise<void> {
  const { limiter, clock, store } = context;
  const caller = systemCaller('limits');
  for (const { about, count } of limiter.tally.take(isLast ? undefined : clock.now())) {
    const record = await findRecord(context, about);
    if (record === undefined) continue;
    const subject = aboutUser(record.id);
    const what = { type: 'attempts_refused', reason: 'too_many_attempts' } as const;
    await store.recordEvent(context.createEvent({ ...what, subject, changes: { count } }, caller));
  }
}

function notThrottled(): RecordNotFound {
  return new RecordNotFound('There is no such entry. The wait may have ended.');
}
