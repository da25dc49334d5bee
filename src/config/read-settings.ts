import { resolve } from 'node:path';
import type { Algorithm } from '../jwt/algorithms.ts';
import { InvalidSetting } from '../kernel/errors.ts';
import { addFlags, addOptions, type GivenSettings, SETTING_NAMES } from './given-settings.ts';
import { holdsPassword } from './postgres/url.ts';
import type { Refuse } from './setting-error.ts';
import { type SettingName, type SettingSpec, settingTable as table } from './setting-table.ts';
import type { SettingOptions, Settings } from './settings.ts';
import { findCostProblem } from './values/argon2.ts';
import { defaultAudience } from './values/audience.ts';
import { defaultIssuer } from './values/web-address.ts';
import { addEnvFile, addVariables, refuseBothForms } from './variables.ts';

/** Where settings may come from; the later of these wins. */
export interface SettingSources {
  /**
   * A file of `NAME=value` lines. Default: `.env` in the working directory, if it is there. A file
   * that is named must be there. False: none.
   */
  readonly envFile?: string | false | undefined;
  /** The environment, usually `process.env`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags by their names without dashes, as `parseArgs` of `node:util` gives them; settings only. */
  readonly flags?: Readonly<Record<string, string | boolean | undefined>> | undefined;
  /** Given in code. */
  readonly options?: SettingOptions | undefined;
  /** Derives the secret if none is given. */
  readonly secretFallback?: ((algorithm: Algorithm) => string | undefined) | undefined;
}

/**
 * Reads, checks and completes the settings. Touches no file but the `.env` file.
 * @throws {InvalidSetting} for the first setting that is unknown, malformed or at odds with another
 */
export function readSettings(sources: SettingSources): Settings {
  const { env, envFile, flags = {}, options = {} } = sources;
  const given: GivenSettings = new Map();
  const inFile =
    envFile === false ? {} : addEnvFile(given, envFile ?? '.env', envFile !== undefined);
  addVariables(given, env);
  refuseBothForms(inFile, env);
  addFlags(given, flags);
  addOptions(given, { ...options });

  const plain = readPlain(given);
  const dataDir = resolve(value(given, table.dataDir));
  const issuer = value(given, table.issuer, defaultIssuer(plain.host, plain.port));
  const database = given.has('databaseUrl')
    ? value(given, table.databaseUrl)
    : ({ kind: 'sqlite', path: resolve(dataDir, 'latchkey.db') } as const);
  const settings: Settings = {
    ...plain,
    dataDir,
    issuer,
    audience: given.has('audience')
      ? value(given, table.audience)
      : defaultAudience(issuer, refuser(given, 'issuer')),
    databaseUrl: given.get('databaseUrl')?.text ?? `sqlite:${resolve(dataDir, 'latchkey.db')}`,
    database,
    secret: given.has('secret')
      ? value(given, table.secret)
      : sources.secretFallback?.(plain.algorithm),
    defaulted: new Set(SETTING_NAMES.filter((name) => !given.has(name))),
  };
  assertDatabase(settings, given);
  assertLifetimes(settings, given);
  assertHashCost(settings, given);
  assertSender(settings, given);
  return Object.freeze(withGrace(settings, given));
}

/** The settings for a server that listens on another port than they name. A default issuer and audience follow. */
export function withPort(settings: Settings, port: number): Settings {
  const { host, defaulted } = settings;
  const issuer = defaulted.has('issuer') ? defaultIssuer(host, port) : settings.issuer;
  const audience = defaulted.has('audience') ? issuer : settings.audience;
  return Object.freeze({ ...settings, port, issuer, audience });
}

/** The settings whose value, or default, depends on other settings or on the working directory. */
const DEPENDENT = ['dataDir', 'issuer', 'audience', 'databaseUrl', 'secret'] as const;

type PlainSettings = Omit<Settings, (typeof DEPENDENT)[number] | 'database' | 'defaulted'>;

/** Parses every setting that depends on no other. */
function readPlain(given: GivenSettings): PlainSettings {
  const dependent: readonly SettingName[] = DEPENDENT;
  const names = SETTING_NAMES.filter((name) => !dependent.includes(name));
  // Each parser returns what the type of its row says.
  return Object.fromEntries(
    names.map((name) => [name, value<unknown>(given, table[name])]),
  ) as unknown as PlainSettings;
}

/** Names the setting as it was given, or its variable if it has its default. */
function refuser(given: GivenSettings, name: SettingName): Refuse {
  const { label, source } = given.get(name) ?? {
    label: table[name].variable,
    source: 'environment',
  };
  return (problem, fix) => {
    const where = typeof source === 'object' ? ` It is set in ${source.file}.` : '';
    throw new InvalidSetting(label, problem, `${fix}${where}`);
  };
}

type NamedSpec<T> = SettingSpec<T> & { readonly name: SettingName };

function value<T>(given: GivenSettings, spec: NamedSpec<T>, fallback = spec.default): T {
  const refuse: Refuse = refuser(given, spec.name);
  const text = given.get(spec.name)?.text ?? fallback;
  if (text === '' && !spec.list) {
    refuse('is empty.', `Give it a value, <${spec.placeholder}>, or remove it.`);
  }
  return spec.parse(text, refuse);
}

function assertDatabase({ database, secret }: Settings, given: GivenSettings): void {
  const url = given.get('databaseUrl');
  if (url?.source === 'flag' && holdsPassword(url.text)) {
    const refuse: Refuse = refuser(given, 'databaseUrl');
    refuse(
      'would show the password in it to every user of this machine.',
      `Set ${table.databaseUrl.variable} in the environment or in .env instead.`,
    );
  }
  if (database.kind === 'postgres' && secret === undefined) {
    const refuse: Refuse = refuser(given, 'secret');
    refuse(
      'is missing, and with PostgreSQL every node needs the same one.',
      'Generate one and give it to all nodes: openssl rand -base64 48',
    );
  }
}

function assertLifetimes(settings: Settings, given: GivenSettings): void {
  const { accessTokenTtl, refreshTokenTtl } = settings;
  if (refreshTokenTtl > accessTokenTtl) return;
  refuser(given, 'refreshTokenTtl')(
    `lets a refresh token live ${refreshTokenTtl}s, and an access token lives ${accessTokenTtl}s.`,
    'Make it longer than the access token lives, or that shorter.',
  );
}

function assertSender({ mailUrl, mailFrom }: Settings, given: GivenSettings): void {
  if (mailUrl === undefined || mailFrom !== undefined) return;
  refuser(given, 'mailFrom')(
    'is missing, and mail servers want to know the sender.',
    'Set it to an address of yours: Example <hello@example.com>.',
  );
}

function assertHashCost(settings: Settings, given: GivenSettings): void {
  const { argon2Memory: memoryKib, argon2Passes: passes, argon2Lanes: lanes } = settings;
  const problem = findCostProblem({ memoryKib, passes, lanes });
  // With the default memory, the passes are what was set.
  const name = given.has('argon2Memory') ? 'argon2Memory' : 'argon2Passes';
  if (problem !== undefined) refuser(given, name)(...problem);
}

/** A default grace is shortened to fit a short access-token lifetime. An explicit one that does not fit is rejected. */
function withGrace(settings: Settings, given: GivenSettings): Settings {
  const { accessTokenTtl, refreshGrace } = settings;
  if (refreshGrace < accessTokenTtl) return settings;
  if (!given.has('refreshGrace')) return { ...settings, refreshGrace: accessTokenTtl / 2 };
  return refuser(given, 'refreshGrace')(
    `is not shorter than an access token lives (${accessTokenTtl}s).`,
    'Make it shorter; 30s covers tabs, retries and slow networks.',
  );
}
