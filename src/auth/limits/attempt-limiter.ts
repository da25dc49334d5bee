import type { Clock } from '../../kernel/clock.ts';
import { type LimitPolicy, TooManyAttempts } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/random.ts';
import type { RootKey } from '../keys/root-keys.ts';
import { seal } from '../keys/sealing.ts';
import type { UserRecord } from '../model.ts';
import type { Place } from '../ports/limits.ts';
import type { Store } from '../ports/store.ts';
import type { LimitSettings } from '../settings.ts';
import type { UserReference } from '../users/user-reference.ts';
import { Attempt } from './attempt.ts';
import { createBucketKey, findKey } from './bucket-keys.ts';
import { BUCKETS, type BucketKind } from './bucket-kinds.ts';
import { findNetworks, isPrivateAddress } from './networks.ts';
import { RefusalMemory } from './refusal-memory.ts';
import { RefusalTally } from './refusal-tally.ts';

export interface AttemptLimiterOptions {
  readonly limits: LimitSettings | false;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: Random;
  readonly dataRoots: () => readonly RootKey[];
}

/** The purpose of the key that seals whose bucket it is. */
export const SUBJECT_PURPOSE = 'subjects of attempt buckets v1';

/** The buckets that a success starts again from zero. The others get one place back. */
const CLEARED_BY_SUCCESS: readonly BucketKind[] = [
  'identifier',
  'session',
  'device',
  'factor_streak',
  'session_factor',
];

const POLICIES: Readonly<Record<BucketKind, LimitPolicy>> = {
  identifier: 'account',
  session: 'account',
  device: 'account',
  factor: 'account',
  factor_streak: 'account',
  session_factor: 'account',
  address: 'address',
  site: 'address',
  registrations: 'registrations',
  site_registrations: 'registrations',
};

/**
 * When to try again if a network has as many sign-ins under way as it may have failures, such as a school at nine
 * o'clock. None of them need have failed.
 */
const SOON_MS = 1_000;

const NO_PLACES = {
  onSuccess: undefined,
  forget() {},
  async succeed() {},
  async fail() {},
  async withdraw() {},
  end() {},
};

/** Admits attempts as the buckets allow. The store decides; this node remembers refusals for a moment. */
export class AttemptLimiter {
  /** Refused attempts by account, for the audit trail. */
  readonly tally = new RefusalTally();
  readonly #options: AttemptLimiterOptions;
  readonly #memory = new RefusalMemory();
  /** By network: how many attempts of this node hold a place that a success gives back. */
  readonly #underWay = new Map<string, number>();

  constructor(options: AttemptLimiterOptions) {
    this.#options = options;
  }

  get isOff(): boolean {
    return this.#options.limits === false;
  }

  /** The key of a bucket. @throws {StoreUnavailable} */
  keyOf(kind: BucketKind, ...about: string[]): string {
    return createBucketKey(this.#root, kind, ...about);
  }

  placeOf(kind: BucketKind, ...about: string[]): Place {
    return { key: this.keyOf(kind, ...about), kind, rule: BUCKETS[kind] };
  }

  /**
   * The places of an address, for failures or for registrations. Host code and the command line have no address.
   * @param address null: none
   */
  listAddressPlaces(address: string | null, kinds: 'failures' | 'registrations'): Place[] {
    const { limits } = this.#options;
    const networks = address === null ? undefined : findNetworks(address);
    if (limits === false || address === null || networks === undefined) return [];
    if (!limits.privateAddresses && isPrivateAddress(address)) return [];
    const [ofAddress, ofSite]: readonly BucketKind[] =
      kinds === 'failures' ? ['address', 'site'] : ['registrations', 'site_registrations'];
    if (ofAddress === undefined || ofSite === undefined) return [];
    const place = this.placeOf(ofAddress, networks.address);
    return networks.site === undefined ? [place] : [place, this.placeOf(ofSite, networks.site)];
  }

  /**
   * Takes the places of an attempt. The first is that of the account.
   * @param about the account, for the audit trail; undefined: the attempt is at none
   * @throws {TooManyAttempts}
   */
  async admit(
    places: readonly Place[],
    about?: UserReference,
    isKnownDevice = false,
  ): Promise<Attempt> {
    const attempt = await this.tryAdmit(places, isKnownDevice);
    if (attempt instanceof Attempt) return attempt;
    const [first] = places;
    const isOfAccount = attempt.kind === 'identifier' || attempt.kind === 'session';
    if (first !== undefined && about !== undefined && isOfAccount) {
      this.tally.count(first.key, about, this.#options.clock.now());
    }
    const waitMs = attempt.openAt - this.#options.clock.now();
    throw new TooManyAttempts(POLICIES[attempt.kind], waitMs / 1000);
  }

  /** Does the same, and returns the bucket that is closed for longest instead of an error. */
  async tryAdmit(
    places: readonly Place[],
    isKnownDevice: boolean,
  ): Promise<Attempt | { readonly kind: BucketKind; readonly openAt: number }> {
    if (this.isOff || places.length === 0) {
      return new Attempt({ isKnownDevice, failuresBefore: 0 }, NO_PLACES);
    }
    const { store, clock } = this.#options;
    const now = clock.now();
    const remembered = places.map((place) => ({
      ...place,
      openAt: this.#memory.find(place.key, now) ?? 0,
    }));
    const closed = findLatest(remembered);
    if (closed !== undefined && closed.openAt > 0) return closed;
    const taken = await store.takePlaces({ places, now });
    if (taken.status === 'refused') {
      const refused = places.flatMap((place) => {
        const found = taken.closed.find(({ key }) => key === place.key);
        if (found === undefined) return [];
        // Attempts of this node may give their places back at any moment.
        const mayOpenSoon = (this.#underWay.get(place.key) ?? 0) > 0;
        const openAt = mayOpenSoon ? Math.min(found.openAt, now + SOON_MS) : found.openAt;
        return [{ ...place, openAt }];
      });
      for (const { key, openAt } of refused) this.#memory.remember(key, openAt, now);
      const latest = findLatest(refused);
      if (latest === undefined) throw new Error('The store refused for no bucket.');
      return latest;
    }
    const [count = 1] = taken.attempts;
    return this.#createAttempt(places, isKnownDevice, count);
  }

  #createAttempt(places: readonly Place[], isKnownDevice: boolean, count: number): Attempt {
    const { store } = this.#options;
    const [first] = places;
    const keys = places.map((it) => it.key);
    const isCleared = (place: Place) => CLEARED_BY_SUCCESS.includes(place.kind);
    const onSuccess = {
      cleared: places.filter(isCleared).map((it) => it.key),
      returned: places.filter((it) => !isCleared(it)).map((it) => it.key),
    };
    const forget = () => {
      for (const key of keys) this.#memory.forget(key);
    };
    // Accounts that are created keep their places.
    const networks = places.filter(({ kind }) => kind === 'address' || kind === 'site');
    for (const { key } of networks) this.#countUnderWay(key, 1);
    return new Attempt(
      { isKnownDevice, failuresBefore: count - 1 },
      {
        onSuccess,
        forget,
        succeed: async () => {
          await store.leavePlaces(onSuccess);
          forget();
        },
        fail: async (record) => {
          // For known and unknown names alike, so that the time tells nothing.
          if (first?.kind === 'identifier' && count >= first.rule.free) {
            await store.nameBucket({ key: first.key, subject: this.#sealSubject(first, record) });
          }
        },
        end: () => {
          for (const { key } of networks) this.#countUnderWay(key, -1);
        },
        withdraw: async () => {
          await store.leavePlaces({ cleared: [], returned: keys });
          forget();
        },
      },
    );
  }

  #countUnderWay(key: string, by: 1 | -1): void {
    const count = (this.#underWay.get(key) ?? 0) + by;
    if (count > 0) this.#underWay.set(key, count);
    else this.#underWay.delete(key);
  }

  /** Asks the store again about a bucket that was opened. */
  forget(key: string): void {
    this.#memory.forget(key);
  }

  /** Seals whose bucket it is, so that an operator can see it, and a thief of the table cannot. */
  #sealSubject({ key }: Place, record: UserRecord | undefined): string | null {
    const sealed = seal(
      findKey(this.#root, SUBJECT_PURPOSE),
      record?.id ?? NO_USER,
      key,
      this.#options.random,
    );
    return record === undefined ? null : sealed;
  }

  get #root(): RootKey {
    const [root] = this.#options.dataRoots();
    if (root === undefined) throw new Error('There is no root key for data.');
    return root;
  }
}

/** As long as the id of a user. */
const NO_USER = '00000000-0000-0000-0000-000000000000';

function findLatest<T extends { readonly openAt: number }>(buckets: readonly T[]): T | undefined {
  return buckets.reduce<T | undefined>(
    (latest, it) => (latest === undefined || it.openAt > latest.openAt ? it : latest),
    undefined,
  );
}
