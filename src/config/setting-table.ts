import { ALGORITHMS } from '../jwt/algorithms.ts';
import { parseDatabaseUrl } from './database.ts';
import { durationBetween, wholeSecondsBetween } from './duration.ts';
import type { Parse } from './setting-error.ts';
import { parseArgon2Lanes, parseArgon2Memory, parseArgon2Passes } from './values/argon2.ts';
import { parseAudience } from './values/audience.ts';
import { parseMailFrom, parseMailUrl } from './values/mail.ts';
import { parseHost, parsePort, parseTrustProxy } from './values/network.ts';
import { parseSecret } from './values/secret.ts';
import {
  parseAlgorithm,
  parseAppName,
  parseBoolean,
  parseDataDir,
  parseMaxSessions,
  parseRegistration,
} from './values/simple-values.ts';
import { parseCorsOrigins, parseIssuer } from './values/web-address.ts';

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
  /** In code it may be a number. */
  readonly number: boolean;
  /** In code it may be true or false. */
  readonly boolean: boolean;
  readonly parse: Parse<T>;
}

const plain = { secret: false, list: false, number: false, boolean: false } as const;

/**
 * The settings, and the one place that knows their names, forms, defaults and descriptions. The types of
 * settings and options, the checks of options, help texts and documentation are derived from it.
 *
 * Each comment is the documentation of the option in code.
 */
export const settingTable = {
  /** Address to listen on; `0.0.0.0` for all networks. Default `127.0.0.1`. */
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
  /** Port to listen on; 0 for any free one. Default 8000. */
  port: {
    ...plain,
    name: 'port',
    variable: 'LATCHKEY_PORT',
    flag: 'port',
    placeholder: 'number',
    default: '8000',
    description: 'Port to listen on; 0 for any free one.',
    number: true,
    parse: parsePort,
  },
  /**
   * Where the data lives: `sqlite:<path>`, `sqlite::memory:` or `postgres://…`. Default
   * `sqlite:<data dir>/latchkey.db`.
   */
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
  /** Folder for the database file and the generated secret. Default `./data`. */
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
  /**
   * The secret on which refresh tokens and stored keys depend: 32 bytes of UTF-8 or more, the same on every node.
   * Required with PostgreSQL. Default: generated, and kept in the data directory.
   */
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
  /**
   * Address at which clients reach this server, and the `iss` of every token. With https, cookies are `Secure`.
   * Default `http://host:port`.
   */
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
  /** The name of your app, as people know it: 1 to 64 characters. Default `Latchkey`. */
  appName: {
    ...plain,
    name: 'appName',
    variable: 'LATCHKEY_APP_NAME',
    flag: 'app-name',
    placeholder: 'name',
    default: 'Latchkey',
    description: 'The name of your app, as people know it. No password may have a part of it.',
    parse: parseAppName,
  },
  /**
   * Who may register: `open`, every caller; `closed`, no caller, and only your code and the command line create users.
   * Default `open`.
   */
  registration: {
    ...plain,
    name: 'registration',
    variable: 'LATCHKEY_REGISTRATION',
    flag: 'registration',
    placeholder: 'mode',
    default: 'open',
    description:
      'Who may register: open, every caller; closed, no caller, and only your code and the command line create users.',
    parse: parseRegistration,
  },
  /**
   * The server that mails are handed to: `smtps://user:password@host:port`, or `smtp://…`, which is upgraded by STARTTLS and
   * refused without it, unless the server is on this machine. Name and password percent-encoded. Default: none, and
   * what needs mail answers 503.
   */
  mailUrl: {
    ...plain,
    name: 'mailUrl',
    variable: 'LATCHKEY_MAIL_URL',
    flag: undefined,
    placeholder: 'url',
    default: 'none',
    description:
      'The server that mails are handed to: smtps://user:password@host:port, or smtp://… for STARTTLS. With none, what needs mail answers 503.',
    secret: true,
    parse: parseMailUrl,
  },
  /** The sender of mails: `Example <hello@example.com>`. Required with `mailUrl`. Default: none. */
  mailFrom: {
    ...plain,
    name: 'mailFrom',
    variable: 'LATCHKEY_MAIL_FROM',
    flag: 'mail-from',
    placeholder: 'address',
    default: 'none',
    description:
      'The sender of mails: Example <hello@example.com>. Required with LATCHKEY_MAIL_URL.',
    parse: parseMailFrom,
  },
  /** The `aud` of access tokens, that is the APIs they are for: one name, or several. Default: the issuer. */
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
  /** How access tokens are signed; an unknown name stops the start. Default `ES256`. */
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
  /** How long an access token lives: seconds, or a text such as `15m`, from 1 second to 24 hours. Default `15m`. */
  accessTokenTtl: {
    ...plain,
    name: 'accessTokenTtl',
    variable: 'LATCHKEY_ACCESS_TOKEN_TTL',
    flag: 'access-token-ttl',
    placeholder: 'duration',
    default: '15m',
    description: 'How long an access token lives, from 1s to 24h.',
    number: true,
    parse: wholeSecondsBetween('1s', '24h'),
  },
  /**
   * How long a session lives unused: seconds, or a text such as `30d`; longer than an access token, 400 days at most.
   * Default `30d`.
   */
  refreshTokenTtl: {
    ...plain,
    name: 'refreshTokenTtl',
    variable: 'LATCHKEY_REFRESH_TOKEN_TTL',
    flag: 'refresh-token-ttl',
    placeholder: 'duration',
    default: '30d',
    description: 'How long a session lives unused; longer than an access token, 400d at most.',
    number: true,
    parse: wholeSecondsBetween('2s', '400d'),
  },
  /**
   * How long a session lives, however often it is refreshed: seconds, or a text such as `180d`, from 2 seconds to
   * 3650 days. A lower value applies to sessions at their next refresh. Default `180d`.
   */
  sessionMaxAge: {
    ...plain,
    name: 'sessionMaxAge',
    variable: 'LATCHKEY_SESSION_MAX_AGE',
    flag: 'session-max-age',
    placeholder: 'duration',
    default: '180d',
    description:
      'How long a session lives, however often it is refreshed, from 2s to 3650d. A lower value applies to sessions at their next refresh.',
    number: true,
    parse: wholeSecondsBetween('2s', '3650d'),
  },
  /**
   * How long a replaced refresh token still answers with its successor: seconds, or a text such as `500ms`, from 0 (strict
   * rotation) to 5 minutes, and shorter than an access token lives. Default `30s`, or half the access token's life if that
   * is shorter.
   */
  refreshGrace: {
    ...plain,
    name: 'refreshGrace',
    variable: 'LATCHKEY_REFRESH_GRACE',
    flag: 'refresh-grace',
    placeholder: 'duration',
    default: '30s',
    description:
      'How long a replaced refresh token still answers with its successor, from 0 (strict rotation) to 5m; shorter than an access token lives, and by default half as long where that is under 30s.',
    number: true,
    parse: durationBetween('0s', '5m'),
  },
  /**
   * Live sessions that a user may have, from 1 to 1000. When one more starts, the least recently used one ends.
   * Default 100.
   */
  maxSessions: {
    ...plain,
    name: 'maxSessions',
    variable: 'LATCHKEY_MAX_SESSIONS',
    flag: 'max-sessions',
    placeholder: 'number',
    default: '100',
    description:
      'Live sessions a user may have, from 1 to 1000. When one more starts, the least recently used one ends.',
    number: true,
    parse: parseMaxSessions,
  },
  /**
   * Memory for one password hash (argon2id), such as `64MiB`: at least what OWASP recommends, which is `46MiB` with 1
   * pass, `19MiB` with 2, `12MiB` with 3, `9MiB` with 4 and `7MiB` with 5 or more; at most `256MiB`. Weaker hashes are
   * replaced at the next sign-in. Default `19MiB`.
   */
  argon2Memory: {
    ...plain,
    name: 'argon2Memory',
    variable: 'LATCHKEY_ARGON2_MEMORY',
    flag: 'argon2-memory',
    placeholder: 'size',
    default: '19MiB',
    description:
      'Memory for one password hash (argon2id), from what OWASP recommends for the number of passes to 256MiB.',
    parse: parseArgon2Memory,
  },
  /** Passes over that memory, 1 to 64; memory times passes is 4 GiB at most. Default 2. */
  argon2Passes: {
    ...plain,
    name: 'argon2Passes',
    variable: 'LATCHKEY_ARGON2_PASSES',
    flag: 'argon2-passes',
    placeholder: 'number',
    default: '2',
    description: 'Passes over that memory, from 1 to 64; memory times passes is 4 GiB at most.',
    number: true,
    parse: parseArgon2Passes,
  },
  /** Lanes of that memory, 1 to 16. They are computed one after another. Default 1. */
  argon2Lanes: {
    ...plain,
    name: 'argon2Lanes',
    variable: 'LATCHKEY_ARGON2_LANES',
    flag: 'argon2-lanes',
    placeholder: 'number',
    default: '1',
    description: 'Lanes of that memory, from 1 to 16. They are computed one after another.',
    number: true,
    parse: parseArgon2Lanes,
  },
  /**
   * The addresses or networks of the proxies in front, which are believed about a client's address. Default: none
   * (`false`).
   */
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
    boolean: true,
    parse: parseTrustProxy,
  },
  /**
   * Origins whose pages may call with credentials, such as `https://app.example.com` or `capacitor://localhost`.
   * Default: none.
   */
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
  /**
   * Whether each refused sign-in is logged on one line, with the address and without a name, for fail2ban and the like.
   * Default false.
   */
  logRefusals: {
    ...plain,
    name: 'logRefusals',
    variable: 'LATCHKEY_LOG_REFUSALS',
    flag: 'log-refusals',
    placeholder: 'true|false',
    default: 'false',
    description:
      'Log one line for each refused sign-in, with the address and without a name, for fail2ban and its like.',
    boolean: true,
    parse: parseBoolean,
  },
} as const satisfies Readonly<Record<string, SettingSpec<unknown>>>;

/** The name of a setting in code. */
export type SettingName = keyof typeof settingTable;
