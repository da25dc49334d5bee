import type { BucketRule } from './bucket-rule.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Failures after which a password is no longer enough on an unknown device, where the account has a second proof. */
export const FAILURES_BEFORE_SECOND_PROOF = 100;

/** An IPv6 /48 is what one customer gets, with 65,536 networks of /64 in it. */
const SITE_FACTOR = 8;

/** Ten failures are free. Then one attempt passes after 1 s, 2 s, 4 s … 15 min. A day without failure ends it. */
const GUESSES: BucketRule = {
  free: 10,
  counts: 'streak',
  spanMs: DAY_MS,
  firstWaitMs: SECOND_MS,
  longestWaitMs: 15 * MINUTE_MS,
};

/** Ten failures put a known device back among strangers, for a day or until it signs in as one. */
const KNOWN_DEVICE: BucketRule = { ...GUESSES, firstWaitMs: DAY_MS, longestWaitMs: DAY_MS };

/** Only counts: what is too many is decided elsewhere. */
const COUNTER: BucketRule = {
  free: 1_000_000,
  counts: 'streak',
  spanMs: 90 * DAY_MS,
  firstWaitMs: HOUR_MS,
  longestWaitMs: HOUR_MS,
};

const window = (free: number, spanMs: number): BucketRule => ({
  free,
  counts: 'window',
  spanMs,
  firstWaitMs: spanMs,
  longestWaitMs: spanMs,
});

/**
 * The buckets there are.
 * - `identifier`: guesses of strangers for one username or email address as it was sent, whether a user has it or not.
 * - `session`: guesses of the current password within one session.
 * - `device`: guesses of one known device for one of its accounts.
 * - `address`: failures from one IPv4 address or IPv6 /64; `site`: those from one IPv6 /48.
 * - `factor`: codes of a second factor that are compared behind a correct first factor; `factor_streak`: those in a row that
 *   were wrong; `session_factor`: the same within one session.
 * - `registrations`, `site_registrations`: the same networks, for accounts that are created.
 */
export const BUCKETS = {
  factor: window(10, HOUR_MS),
  factor_streak: COUNTER,
  session_factor: {
    ...GUESSES,
    spanMs: 180 * DAY_MS,
    firstWaitMs: HOUR_MS,
    longestWaitMs: HOUR_MS,
  },
  identifier: GUESSES,
  session: GUESSES,
  device: KNOWN_DEVICE,
  address: window(30, 10 * MINUTE_MS),
  site: window(30 * SITE_FACTOR, 10 * MINUTE_MS),
  registrations: window(60, HOUR_MS),
  site_registrations: window(60 * SITE_FACTOR, HOUR_MS),
} as const satisfies Readonly<Record<string, BucketRule>>;

/** One of {@link BUCKETS}. */
export type BucketKind = keyof typeof BUCKETS;
