import type { Auth } from '../auth/auth.ts';
import { createAuth } from '../auth/create-auth.ts';
import { noticeIssuerChange } from '../auth/issuer-change.ts';
import type { Notice } from '../auth/notice.ts';
import type { AuthSettings } from '../auth/settings.ts';
import type { Users } from '../auth/users/users.ts';
import type { Settings } from '../config/settings.ts';
import type { VerifiedToken } from '../guard/verify/access-claims.ts';
import { createVerifier, type Verifier } from '../guard/verify/access-token-verifier.ts';
import { createPasswordHasher } from '../hasher/password-hasher.ts';
import type { Clock } from '../kernel/clock.ts';
import { assertOptions } from '../kernel/options/check-options.ts';
import { printProblem } from '../kernel/process/print-problem.ts';
import type { Random } from '../kernel/random.ts';
import { systemClock } from '../kernel/system-clock.ts';
import { systemRandom } from '../kernel/system-random.ts';
import { settlesWithin } from '../kernel/timing/settles-within.ts';
import type { StepWatch } from '../kernel/timing/step-watch.ts';
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
 * How often to read what other processes revoked, in ms. A read costs 30 to 300 µs on an idle machine. This is the
 * fallback: a write to the SQLite file, or a notification of PostgreSQL, leads to a read within milliseconds. The
 * interval is longer on PostgreSQL, because many nodes ask one server.
 */
export const POLL_INTERVALS_MS = { sqlite: 100, postgres: 250 } as const;

/** Latchkey, opened: the domain on its database, and a verifier that knows every revocation. For our own code. */
export interface Latchkey {
  readonly settings: Settings & AuthSettings;
  readonly auth: Auth;
  readonly users: Users;
  readonly verifier: Verifier;
  readonly clock: Clock;
  /** What the operator should read about this start, such as that an empty database was created. */
  readonly notices: readonly Notice[];
  /**
   * Verifies an access token without touching the database.
   * @throws {TokenRefused}
   */
  verify(token: string): VerifiedToken;
  /** Sends mails now, instead of within half a second. For tests. */
  readonly sendMails: () => void;
  /**
   * Finishes what has begun and closes the database, which takes a few seconds if the database does not answer: what is
   * under way then fails. May be called twice.
   */
  close(): Promise<void>;
}

/** How {@link openLatchkey} reports, and what for. */
export interface OpenTerms {
  /**
   * Whether it answers requests under its issuer, so that a change of the issuer is worth a notice, and seals audit
   * events. Default false.
   */
  readonly serves?: boolean;
  /**
   * Called when a background task begins to fail, and when it succeeds again. The tasks go on in any case.
   * Default: prints to standard error.
   */
  readonly onBackgroundReport?: OnBackgroundReport;
  /**
   * Called with what the operator should know about something that was done after the start, such as that a password
   * which was set is easy to guess. Default: prints to standard error.
   */
  readonly onNotice?: (notice: Notice) => void;
}

/**
 * Opens Latchkey: reads the settings, opens the database (and brings its schema up to date), loads or
 * creates secret and keys. This is the one place that puts the parts together.
 * @param settings if they were read already, so that a process reads them once. Default: read from the options
 * @throws {InvalidOption} for an unknown option, an undefined value, or one of the wrong kind
 * @throws {InvalidSetting} naming the setting, what is wrong with it, and the fix
 * @throws {StoreUnavailable} also when the start had to wait for longer than `startTimeout`
 */
export async function openLatchkey(
  options: LatchkeyOptions = {},
  terms: OpenTerms = {},
  settings?: Settings,
): Promise<Latchkey> {
  assertOptions('openLatchkey', options, latchkeyOptionChecks);
  const watch = createStartWatch(options);
  return watch.run(() => open(options, settings ?? readAllSettings(options), terms, watch));
}

async function open(
  options: LatchkeyOptions,
  settings: Settings,
  { serves = false, onBackgroundReport = printBackgroundReport, onNotice = printNotice }: OpenTerms,
  { enter, signal }: Pick<StepWatch, 'enter' | 'signal'>,
): Promise<Latchkey> {
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const notices: Notice[] = [];
  const warn = (text: string) => notices.push({ level: 'warning', text });
  enter({ doing: `reading the secret in ${settings.dataDir}`, advice: DISK_ADVICE });
  const secret = settings.secret ?? (await findSecret(settings, random, warn));
  const authSettings = createAuthSettings(settings, secret, options);
  const hasher = createPasswordHasher({
    memoryCost: settings.argon2Memory,
    timeCost: settings.argon2Passes,
    parallelism: settings.argon2Lanes,
    ...options.hashing,
    random,
    clock,
  });
  const store = await openWatched(settings, { enter, signal });
  // What still waits for the database fails, and the start with it.
  signal.addEventListener('abort', () => void store.close().catch(() => {}));
  try {
    enter({ doing: 'opening the keys of the database', advice: DISK_ADVICE });
    const auth = await createAuth({
      settings: authSettings,
      store,
      hasher,
      clock,
      random,
      onNotice,
    });
    const { issuer, audience } = settings;
    const verifier = createVerifier({
      keys: auth.keys.verification,
      issuer,
      audience,
      clock,
      revocations: auth.revocations.index,
    });
    auth.keys.onChange((keys) => verifier.setKeys(keys));
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
      pollInterval: options.revocationPollInterval ?? POLL_INTERVALS_MS[settings.database.kind],
      onReport: onBackgroundReport,
      seals: serves,
      onEvent: options.onEvent,
      mail:
        serves && authSettings.mail.isSetUp
          ? { server: settings.mailUrl, sendMail: options.sendMail }
          : undefined,
    });
    if (signal.aborted) await upkeep.stop();
    signal.throwIfAborted();
    let closing: Promise<void> | undefined;
    const close = async () => {
      await Promise.all([upkeep.stop(), hasher.close()]);
      // A database that is away does not keep the process from ending.
      await settlesWithin(
        FINISH_LIMIT_MS,
        auth.finish().catch(() => {}),
      );
      await store.close();
    };
    return {
      settings: { ...settings, ...authSettings },
      auth,
      users: auth.users,
      verifier,
      clock,
      notices: [...notices, ...store.notices.filter((it) => !isRepeated(it, notices))],
      verify: (token) => verifier.verify(token),
      sendMails: upkeep.sendMails,
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

function printNotice({ text }: Notice): void {
  printProblem(`latchkey: ${text}`);
}

const FINISH_LIMIT_MS = 1_000;
const DISK_ADVICE = 'Check the disk and the database.';

/** The data directory and the database's folder are usually the same, and then have the same notice. */
function isRepeated({ text }: Notice, notices: readonly Notice[]): boolean {
  return notices.some((it) => it.text === text);
}

/** A database in memory ends with the process, so its secret needs no file. */
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
 * Opens only the database, for commands that need nothing else.
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
