import { ALGORITHMS, type Algorithm, isAlgorithm } from '../jwt/algorithms.ts';
import { describeKnownMaterial } from '../jwt/keys/known-material.ts';
import { findSecretWeakness } from '../jwt/keys/secret-strength.ts';
import { findNearest } from '../kernel/options/did-you-mean.ts';
import { parseDatabaseUrl } from './database.ts';
import { durationBetween, wholeSecondsBetween } from './duration.ts';
import { parseHost, parsePort, parseTrustProxy, splitList } from './network.ts';
import { type Parse, quote, type Refuse } from './setting-error.ts';
import { refuseStrayCharacters } from './stray-characters.ts';
import { parseCorsOrigins, parseIssuer } from './web-address.ts';

/** Everything there is to say about one setting. */
export interface SettingSpec<T> {
  /** The name in code, camelCase. */
  readonly name: string;
  /** The name in the environment and in `.env`. */
  readonly variable: string;
  /** The flag without its dashes, or undefined where none is offered: others can read command lines. */
  readonly flag: string | undefined;
  /** What to write in place of the value, for help texts. */
  readonly placeholder: string;
  /** The value where none is given, as one would write it; in angle brackets where it depends on another. */
  readonly default: string;
  /** One sentence. */
  readonly description: string;
  /** Must never be printed. */
  readonly secret: boolean;
  /** Takes several values, and none: a list with commas, or an array in code. */
  readonly list: boolean;
  readonly parse: Parse<T>;
}

function parseDataDir(text: string, refuse: Refuse): string {
  refuseStrayCharacters(text, refuse);
  if (text.startsWith('~')) refuse('begins with ~, which only a shell reads.', 'Write it in full.');
  return text;
}

function parseSecret(text: string, refuse: Refuse): string {
  // One node that reads a line break the other does not is a node with another secret.
  if (text !== text.trim()) {
    refuse('begins or ends with white space.', 'Remove it, on every node alike.');
  }
  const known = describeKnownMaterial(text);
  if (known !== undefined) {
    refuse(`is ${known}, not a secret.`, 'Make one that nobody has seen: openssl rand -base64 48');
  }
  const weakness = findSecretWeakness(Buffer.from(text));
  if (weakness !== undefined) refuse('is too weak.', weakness);
  return text;
}

/** Characters of one audience. */
const longestAudience = 255;

/** The audience where none is given: the issuer, whole. A comma in its path does not make it two. */
export function defaultAudience(issuer: string, refuse: Refuse): string {
  if (issuer.length <= longestAudience) return issuer;
  return refuse(
    `has ${issuer.length} characters, and an audience has ${longestAudience} at most.`,
    'Shorten it, or set LATCHKEY_AUDIENCE.',
  );
}

/** One name stays a text, as most verifiers know it. Several are a list in tokens too. */
function parseAudience(text: string, refuse: Refuse): string | string[] {
  if (/^["'`]|["'`]$/.test(text)) refuseStrayCharacters(text, refuse);
  const names = text === '' ? [''] : splitList(text);
  for (const name of names) {
    if (name.length > longestAudience || !/^[\x21-\x7e]+$/.test(name)) {
      refuse(
        `${quote(name)} is not a name that verifiers can compare.`,
        'Give one URL or one name of visible ASCII characters without spaces, 255 at most; or several, with commas between them.',
      );
    }
  }
  const [only = ''] = names;
  return names.length === 1 ? only : names;
}

function parseMaxSessions(text: string, refuse: Refuse): number {
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= 1000) return count;
  return refuse(
    `${quote(text)} is not a number of sessions.`,
    'Give a whole number from 1 to 1000.',
  );
}

function parseAlgorithm(text: string, refuse: Refuse): Algorithm {
  if (isAlgorithm(text)) return text;
  const known = Object.keys(ALGORITHMS);
  const meant = findNearest(text, known);
  return refuse(
    `${quote(text)} is not an algorithm that Latchkey signs with.`,
    `${meant === undefined ? '' : `Did you mean ${meant}? `}Give one of ${known.join(', ')}.`,
  );
}

function parseBoolean(text: string, refuse: Refuse): boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return refuse(`${quote(text)} is neither true nor false.`, 'Give true or false.');
}

const plain = { secret: false, list: false };

/**
 * The settings, and the one place that knows their names, forms, defaults and descriptions. Help texts
 * and documentation are made from it.
 */
export const settingTable = {
  host: {
    ...plain,
    name: 'host',
    variable: 'LATCHKEY_HOST',
    flag: 'host',
    placeholder: 'address',
    default: '127.0.0.1',
    description: 'Address to listen on; 0.0.0.0 for all networks.',
    parse: parseHost,
  },
  port: {
    ...plain,
    name: 'port',
    variable: 'LATCHKEY_PORT',
    flag: 'port',
    placeholder: 'number',
    default: '8000',
    description: 'Port to listen on; 0 for any free one.',
    parse: parsePort,
  },
  databaseUrl: {
    ...plain,
    name: 'databaseUrl',
    variable: 'LATCHKEY_DATABASE_URL',
    flag: 'database-url',
    placeholder: 'url',
    default: 'sqlite:<data dir>/latchkey.db',
    description: 'Where the data lives: sqlite:<path>, sqlite::memory: or postgres://….',
    secret: true,
    parse: parseDatabaseUrl,
  },
  dataDir: {
    ...plain,
    name: 'dataDir',
    variable: 'LATCHKEY_DATA_DIR',
    flag: 'data-dir',
    placeholder: 'path',
    default: './data',
    description: 'Folder for the database file and the generated secret.',
    parse: parseDataDir,
  },
  secret: {
    ...plain,
    name: 'secret',
    variable: 'LATCHKEY_SECRET',
    flag: undefined,
    placeholder: 'text',
    default: '<generated into the data dir>',
    description:
      'Refresh tokens and stored keys depend on it: 32 bytes or more, the same on every node. Required with PostgreSQL.',
    secret: true,
    parse: parseSecret,
  },
  issuer: {
    ...plain,
    name: 'issuer',
    variable: 'LATCHKEY_ISSUER',
    flag: 'issuer',
    placeholder: 'url',
    default: '<http://host:port>',
    description:
      'Address at which clients reach this server, and the iss of every token. With https, cookies are Secure.',
    parse: parseIssuer,
  },
  audience: {
    ...plain,
    name: 'audience',
    variable: 'LATCHKEY_AUDIENCE',
    flag: 'audience',
    placeholder: 'urls',
    default: '<the issuer>',
    description: 'The aud of access tokens: for whom they are made. Several: a list with commas.',
    list: true,
    parse: parseAudience,
  },
  algorithm: {
    ...plain,
    name: 'algorithm',
    variable: 'LATCHKEY_ALGORITHM',
    flag: 'algorithm',
    placeholder: 'name',
    default: 'ES256',
    description: `How access tokens are signed: ${Object.keys(ALGORITHMS).join(', ')}.`,
    parse: parseAlgorithm,
  },
  accessTokenTtl: {
    ...plain,
    name: 'accessTokenTtl',
    variable: 'LATCHKEY_ACCESS_TOKEN_TTL',
    flag: 'access-token-ttl',
    placeholder: 'duration',
    default: '15m',
    description: 'How long an access token lives, from 1s to 24h.',
    parse: wholeSecondsBetween('1s', '24h'),
  },
  refreshTokenTtl: {
    ...plain,
    name: 'refreshTokenTtl',
    variable: 'LATCHKEY_REFRESH_TOKEN_TTL',
    flag: 'refresh-token-ttl',
    placeholder: 'duration',
    default: '30d',
    description: 'How long a session lives unused; longer than an access token, 400d at most.',
    parse: wholeSecondsBetween('2s', '400d'),
  },
  sessionMaxAge: {
    ...plain,
    name: 'sessionMaxAge',
    variable: 'LATCHKEY_SESSION_MAX_AGE',
    flag: 'session-max-age',
    placeholder: 'duration',
    default: '180d',
    description:
      'How long a session lives, however often it is refreshed, from 2s to 3650d. A lower value applies to sessions at their next refresh.',
    parse: wholeSecondsBetween('2s', '3650d'),
  },
  refreshGrace: {
    ...plain,
    name: 'refreshGrace',
    variable: 'LATCHKEY_REFRESH_GRACE',
    flag: 'refresh-grace',
    placeholder: 'duration',
    default: '30s',
    description:
      'How long a replaced refresh token still answers with its successor, from 0 (strict rotation) to 5m; shorter than an access token lives, and by default half as long where that is under 30s.',
    parse: durationBetween('0s', '5m'),
  },
  maxSessions: {
    ...plain,
    name: 'maxSessions',
    variable: 'LATCHKEY_MAX_SESSIONS',
    flag: 'max-sessions',
    placeholder: 'number',
    default: '100',
    description:
      'Live sessions a user may have, from 1 to 1000. When one more starts, the least recently used one ends.',
    parse: parseMaxSessions,
  },
  trustProxy: {
    ...plain,
    name: 'trustProxy',
    variable: 'LATCHKEY_TRUST_PROXY',
    flag: 'trust-proxy',
    placeholder: 'addresses',
    default: '',
    description:
      "Whom to believe about a client's address: the addresses or networks of the proxies in front.",
    list: true,
    parse: parseTrustProxy,
  },
  corsOrigins: {
    ...plain,
    name: 'corsOrigins',
    variable: 'LATCHKEY_CORS_ORIGINS',
    flag: 'cors-origins',
    placeholder: 'origins',
    default: '',
    description:
      'Origins whose pages may call with credentials: https://app.example.com, or of an app, capacitor://localhost.',
    list: true,
    parse: parseCorsOrigins,
  },
  logRefusals: {
    ...plain,
    name: 'logRefusals',
    variable: 'LATCHKEY_LOG_REFUSALS',
    flag: 'log-refusals',
    placeholder: 'true|false',
    default: 'false',
    description:
      'Log one line for each refused sign-in, with the address and without a name, for fail2ban and its like.',
    parse: parseBoolean,
  },
} as const satisfies Readonly<Record<string, SettingSpec<unknown>>>;

/** The name of a setting in code. */
export type SettingName = keyof typeof settingTable;
