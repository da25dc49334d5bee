/** A test whose strength depends on how often it repeats something. */
export interface Proof {
  /** Parts of the paths of its test files. */
  readonly files: readonly string[];
  /** What is repeated. */
  readonly what: string;
  /** How often in `npm test`. */
  readonly short: number;
  /** How often under `npm run prove`. */
  readonly full: number;
}

/** By the environment variable that sets how often. */
export const proofs = {
  TEST_SESSION_RUNS: {
    files: ['auth/session-model'],
    what: 'random lives of sessions',
    short: 300,
    full: 100_000,
  },
  TEST_GUESSES: {
    files: ['auth/limits'],
    what: 'guesses in an hour of simulated time, at one account and sprayed over as many',
    short: 2_000,
    full: 100_000,
  },
  TEST_RACE_ROUNDS: {
    files: ['store/postgres-race'],
    what: 'races of 50 callers for one refresh token',
    short: 300,
    full: 100_000,
  },
  TEST_PAIR_ROUNDS: {
    files: ['store/postgres-locks'],
    what: 'rounds of each pair of acts on one session or user',
    short: 3,
    full: 50,
  },
  TEST_MOMENT_ROUNDS: {
    files: ['auth/same-moment'],
    what: 'rounds of each pair of acts of people and administrators on one account, on each database',
    short: 1,
    full: 50,
  },
  TEST_CRASH_ROUNDS: {
    files: ['crash/sqlite', 'crash/postgres'],
    what: 'servers killed under load, on each database',
    short: 6,
    full: 1_000,
  },
  TEST_KEY_CRASHES: {
    files: ['crash/keys'],
    what: 'commands killed while they replace keys (the full run kills at every step)',
    short: 4,
    full: Number.POSITIVE_INFINITY,
  },
  TEST_SEALED_LOGINS: {
    files: ['system/audit-nodes'],
    what: 'sign-ins on each of two nodes while one seals, on each database',
    short: 300,
    full: 50_000,
  },
  TEST_EXPIRED_ROWS: {
    files: ['system/housekeeping'],
    what: 'expired rows to purge',
    short: 3_000,
    full: 100_000,
  },
  TEST_OUTAGES: {
    files: ['system/postgres-outage'],
    what: 'outages of PostgreSQL under load',
    short: 5,
    full: 100,
  },
  TEST_KEY_ROTATIONS: {
    files: ['system/key-fleet'],
    what: 'key rotations under load on two nodes',
    short: 8,
    full: 200,
  },
  TEST_REVOCATIONS: {
    files: ['system/revocation-nodes'],
    what: 'revocations timed between two nodes',
    short: 40,
    full: 1_000,
  },
  TEST_ROLLING_RESTARTS: {
    files: ['cli/serve/rolling-restart'],
    what: 'restarts of each of two nodes under load',
    short: 3,
    full: 100,
  },
} as const satisfies Readonly<Record<string, Proof>>;

/** @returns how often to repeat: the variable's value, else the full or the short run */
export function repetitionsOf(name: keyof typeof proofs): number {
  const { short, full }: Proof = proofs[name];
  const given = process.env[name];
  if (given === undefined) return process.env['TEST_PROVE'] === undefined ? short : full;
  const repetitions = given === 'all' ? Number.POSITIVE_INFINITY : Number(given);
  if (repetitions > 0) return repetitions;
  throw new Error(`${name} must be a number above 0, or "all".`);
}
