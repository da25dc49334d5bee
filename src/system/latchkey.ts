import { type Auth, createAuth } from '../auth/auth.ts';
import type { Clock, Notice, Random } from '../auth/ports/store.ts';
import { noticeIssuerChange } from '../auth/sessions/issuer-change.ts';
import type { AuthSettings } from '../auth/settings.ts';
import type { Users } from '../auth/users/users.ts';
import type { Settings } from '../config/settings.ts';
import {
  createVerifier,
  type VerifiedToken,
  type Verifier,
} from '../guard/verify/access-token-verifier.ts';
import { createPasswordHasher } from '../hasher/password-hasher.ts';
import { assertOptions } from '../kernel/options/check-options.ts';
import type { StepWatch } from '../kernel/step-watch.ts';
import { systemClock, systemRandom } from '../kernel/system-random.ts';
import { openPostgresStore, openSqliteStore } from '../store/index.ts';
import type { OpenedStore } from '../store/opened-store.ts';
import type { Opening } from '../store/opening.ts';
import { createAuthSettings } from './auth-settings.ts';
import { startUpkeep } from './background-jobs.ts';
import { type OnBackgroundReport, printBackgroundReport } from './background-report.ts';
import { latchkeyOptionChecks } from './option-checks.ts';
import { type LatchkeyOptions, readAllSettings } from './options.ts';
import { loadOrCreateSecret } from './secret-file.ts';
import { explainDerivedSecret } from './signing-key.ts';
import { createStartWatch } from './start-watch.ts';

/**
 * How often to look for what other processes revoked, in ms. A look costs 30 µs to some 300 where nothing
 * else is going on. This is the fallback: a write to the SQLite file leads to a look by itself, and so does a
 * notification of PostgreSQL, which many nodes ask.
 */
export const pollIntervals = { sqlite: 100, postgres: 250 } as const;

/** Latchkey, opened: the domain on its database, and a verifier that hears of every revocation. */
export interface Latchkey {
  readonly settings: Settings & AuthSettings;
  readonly auth: Auth;
  readonly users: Users;
  readonly verifier: Verifier;
  readonly clock: Clock;
  /** What the operator should read about this start, such as that an empty database was made. */
  readonly notices: readonly Notice[];
  /**
   * Verifies an access token without touching the database.
   * @throws {TokenRefused}
   */
  verify(token: string): VerifiedToken;
  /**
   * Finishes what has begun and lets go of the database, which may take some seconds if it does not answer. What
   * is under way by then fails. May be called twice.
   */
  close(): Promise<void>;
}

/** What {@link openLatchkey} is opened for. */
export interface OpenTerms {
  /** Whether it answers requests under its issuer, so that a change of it matters. Default false. */
  readonly serves?: boolean;
  /**
   * Told when a task in the background begins to fail, and when it succeeds again. The tasks go on in any case.
   * Default: prints it to standard error.
   */
  readonly onBackgroundReport?: OnBackgroundReport;
}

/**
 * Opens Latchkey: reads the settings, opens the database (and brings its schema up to date), loads or
 * makes secret and keys. This is the one place where the parts are put together.
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} naming the setting, what is wrong with it, and the fix
 * @throws {StoreUnavailable} also when the start had to wait for longer than `startTimeout`
 */
export async function openLatchkey(
  options: LatchkeyOptions = {},
  terms: OpenTerms = {},
): Promise<Latchkey> {
  assertOptions('openLatchkey', options, latchkeyOptionChecks);
  const watch = createStartWatch(options);
  return watch.run(() => open(options, terms, watch));
}

async function open(
  options: LatchkeyOptions,
  { serves = false, onBackgroundReport = printBackgroundReport }: OpenTerms,
  { enter, signal }: Pick<StepWatch, 'enter' | 'signal'>,
): Promise<Latchkey> {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const settings = readAllSettings(options);
  const notices: Notice[] = [];
  const warn = (text: string) => notices.push({ level: 'warning', text });
  enter({ doing: `reading the secret in ${settings.dataDir}`, advice: slowDisk });
  const secret = settings.secret ?? (await findSecret(settings, random, warn));
  const authSettings = createAuthSettings(settings, secret, options);
  const hasher = createPasswordHasher({ ...options.hashing, random, clock });
  const store = await openWatched(settings, { enter, signal });
  // Whatever still waits for the database fails, and with it the start.
  signal.addEventListener('abort', () => void store.close().catch(() => {}));
  try {
    enter({ doing: 'opening the keys of the database', advice: slowDisk });
    const auth = await createAuth({ settings: authSettings, store, hasher, clock, random });
    const { issuer, audience } = settings;
    const verifier = createVerifier({
      keys: auth.keys.verification,
      issuer,
      audience,
      clock,
      revocations: auth.revocations.index,
    });
    auth.keys.watch((keys) => verifier.setKeys(keys));
    if (serves) {
      const isDefault = settings.defaulted.has('issuer');
      notices.push(...(await noticeIssuerChange(store, { issuer, audience, isDefault })));
    }
    signal.throwIfAborted();
    const upkeep = await startUpkeep({
      auth,
      store,
      clock,
      random,
      pollInterval: options.revocationPollInterval ?? pollIntervals[settings.database.kind],
      onReport: onBackgroundReport,
    });
    if (signal.aborted) await upkeep.stop();
    signal.throwIfAborted();
    let closing: Promise<void> | undefined;
    const close = async () => {
      await Promise.all([upkeep.stop(), hasher.close()]);
      await store.close();
    };
    return {
      settings: { ...settings, ...authSettings },
      auth,
      users: auth.users,
      verifier,
      clock,
      notices: [...notices, ...store.notices.filter((it) => !isTold(it, notices))],
      verify: (token) => verifier.verify(token),
      close: () => {
        closing ??= close();
        return closing;
      },
    };
  } catch (error) {
    // A close that fails must not hide why the start failed.
    await store.close().catch(() => {});
    const isDerived = options.deriveSecret === true && settings.defaulted.has('secret');
    throw isDerived ? explainDerivedSecret(error) : error;
  }
}

const slowDisk = 'Check the disk and the database.';

/** The data directory and the database's folder are mostly one. */
function isTold({ text }: Notice, notices: readonly Notice[]): boolean {
  return notices.some((it) => it.text === text);
}

/** A database that ends with the process needs no secret that outlives it. */
async function findSecret(
  { database, dataDir }: Settings,
  random: Random,
  warn: (text: string) => void,
): Promise<string> {
  if (database.kind === 'sqlite' && database.path === ':memory:') {
    return Buffer.from(random.bytes(32)).toString('base64url');
  }
  return loadOrCreateSecret(dataDir, random, warn);
}

/**
 * Opens the database alone, for what needs no more.
 * @throws {InvalidSetting}
 * @throws {StoreUnavailable}
 */
export async function openStore(
  settings: Pick<Settings, 'database'>,
  options: Pick<LatchkeyOptions, 'startTimeout' | 'onWait'> = {},
): Promise<OpenedStore> {
  const watch = createStartWatch(options);
  return watch.run(() => openWatched(settings, watch));
}

function openWatched(
  { database }: Pick<Settings, 'database'>,
  { enter, signal }: Opening,
): Promise<OpenedStore> {
  const opening = { enter, signal };
  return database.kind === 'sqlite'
    ? openSqliteStore({ path: database.path, ...opening })
    : openPostgresStore({ url: database.url, ...opening });
}
