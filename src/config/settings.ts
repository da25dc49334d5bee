import type { Algorithm } from '../jwt/algorithms.ts';
import type { DatabaseLocation } from './database.ts';
import type { SettingName } from './setting-table.ts';

/** All settings, checked. Durations are in seconds. */
export interface Settings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** As given. May hold a password: never to be printed. */
  readonly databaseUrl: string;
  readonly database: DatabaseLocation;
  /** Absolute. */
  readonly dataDir: string;
  /** 32 bytes of UTF-8 or more; undefined: generated, and kept in the data directory. */
  readonly secret: string | undefined;
  /** Absolute http or https URL without a slash at the end. */
  readonly issuer: string;
  /** One name, or a list of two or more: tokens carry it as it is, and one match is enough. */
  readonly audience: string | readonly string[];
  readonly algorithm: Algorithm;
  /** Whole seconds. */
  readonly accessTokenTtl: number;
  /** Whole seconds, more than the access token's. */
  readonly refreshTokenTtl: number;
  /** Whole seconds. A session ends this long after it started, however often it is refreshed. */
  readonly sessionMaxAge: number;
  /** To the millisecond; less than either lifetime. 0: strict rotation. */
  readonly refreshGrace: number;
  /** Live sessions per user. */
  readonly maxSessions: number;
  /** For Fastify's option of this name. */
  readonly trustProxy: false | string[];
  /** Exact origins. */
  readonly corsOrigins: readonly string[];
  /** Whether each refused sign-in is logged. */
  readonly logRefusals: boolean;
  /**
   * The settings nobody gave. An issuer among them was made from host and port, so where the port is 0
   * it is right only once the server listens: see `defaultIssuer`.
   */
  readonly defaulted: ReadonlySet<SettingName>;
}

/** Settings as code may give them. Durations: seconds, or a text such as `15m`. Undefined is not given. */
export interface SettingOptions {
  readonly host?: string | undefined;
  readonly port?: number | string | undefined;
  readonly databaseUrl?: string | undefined;
  readonly dataDir?: string | undefined;
  readonly secret?: string | undefined;
  readonly issuer?: string | undefined;
  readonly audience?: string | readonly string[] | undefined;
  /** An {@link Algorithm}; any other text, as from the environment, is refused at start. */
  readonly algorithm?: Algorithm | (string & {}) | undefined;
  readonly accessTokenTtl?: number | string | undefined;
  readonly refreshTokenTtl?: number | string | undefined;
  /** How long a session lives, however often it is refreshed. Default `180d`. */
  readonly sessionMaxAge?: number | string | undefined;
  readonly refreshGrace?: number | string | undefined;
  readonly maxSessions?: number | string | undefined;
  readonly trustProxy?: false | string | readonly string[] | undefined;
  readonly corsOrigins?: string | readonly string[] | undefined;
  readonly logRefusals?: boolean | 'true' | 'false' | undefined;
}
