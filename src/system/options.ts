import type { Clock, Random } from '../auth/ports/store.ts';
import type { ClaimsHook, ScopesHook } from '../auth/settings.ts';
import type { FieldRules } from '../auth/users/custom-fields.ts';
import { readSettings } from '../config/read-settings.ts';
import type { SettingOptions, Settings } from '../config/settings.ts';
import type { PasswordHasherOptions } from '../hasher/password-hasher.ts';
import type { KeyMaterial } from '../jwt/keys/import-keys.ts';
import { deriveSecret, readSigningKey } from './signing-key.ts';

/**
 * What a host may give in code. The settings among them win over the environment and `.env`.
 * Nothing is required.
 */
export interface LatchkeyOptions extends SettingOptions {
  /**
   * Signs access tokens instead of generated keys: for HS algorithms the shared secret, otherwise a
   * private key as PEM, base64 of PEM, or JWK. Must fit `algorithm`. Nothing of it is stored.
   */
  readonly signingKey?: KeyMaterial;
  /**
   * The public half of `signingKey`, where a deployment gives both: it must belong to it, or the start is
   * refused. Not needed: the public half is derived from the private one.
   */
  readonly publicKey?: KeyMaterial;
  /**
   * Derive `secret` from `signingKey` where no secret is given, for deployments that keep this one secret
   * only. A new signing key is then a new secret, which opens the stored keys only after
   * `latchkey secret rotate`. Default false: a secret of its own.
   */
  readonly deriveSecret?: boolean;
  /** When the keys in the database are replaced. Durations: seconds, or a text such as `90d`. */
  readonly keyRotation?: {
    /** How long a key signs, `1h` at least. Default `90d`; false: until somebody rotates it. */
    readonly interval?: number | string | false;
    /**
     * How long a key is published before it signs. Others may keep the JWKS for half as long, at most
     * 5 minutes. Default `10m`.
     */
    readonly lead?: number | string;
  };
  /**
   * `client_id` of access tokens for which no client asked. Default `latchkey`. A session keeps the one it started with.
   * @see RFC 9068 section 2.2
   */
  readonly clientId?: string;
  /** Extra fields of registration: kept with the user, or a password typed twice. Default none. */
  readonly fields?: FieldRules;
  /** Adds the host's own claims to each access token. Default none. */
  readonly claims?: ClaimsHook;
  /** Which scopes a user may be given. Default none. */
  readonly scopes?: ScopesHook;
  readonly password?: {
    /** Characters. Default 8. */
    readonly minLength?: number;
    /** Characters. Default 1,024. */
    readonly maxLength?: number;
  };
  /** Cost and concurrency of password hashing. The defaults are right. */
  readonly hashing?: Omit<PasswordHasherOptions, 'random' | 'clock'>;
  /**
   * How long audit events are kept: seconds, or a text such as `30d`; from `1d` to `3650d`. False: for
   * ever. Default `90d`.
   */
  readonly auditRetention?: number | string | false;
  /**
   * How often to poll for what other processes revoked, in ms. Default 100 on SQLite, 250 on PostgreSQL. Polling is
   * the fallback: a write to the SQLite file or a notification of PostgreSQL leads to a look within milliseconds.
   */
  readonly revocationPollInterval?: number;
  /**
   * How long the start may wait for one thing, such as the migration lock that another node holds, before it
   * fails: seconds, or a text such as `90s`; from `1s` to `1d`. A migration of this node's own may take as long as it
   * needs. Default `10m`.
   */
  readonly startTimeout?: number | string;
  /**
   * Called with a sentence that says what the start waits for, after 3 seconds and then every 10. Default: the app's
   * logger, or standard error where there is none.
   */
  readonly onWait?: (text: string) => void;
  /** Where `LATCHKEY_*` settings are read from. Default `process.env`; `{}` for none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The `.env` file. Default: `.env` in the working directory, if it is there. False: none. */
  readonly envFile?: string | false;
  /** For tests: the time. */
  readonly clock?: Clock;
  /** For tests: chance. */
  readonly random?: Random;
}

/** Reads all settings, those among the options last. @throws {InvalidSetting} */
export function readAllSettings(options: LatchkeyOptions): Settings {
  const { signingKey, publicKey, deriveSecret: derives, ...given } = options;
  const { clientId, fields, claims, scopes, ...rest } = given;
  const { password, hashing, auditRetention, revocationPollInterval, ...more } = rest;
  const { keyRotation, ...others } = more;
  const { env, envFile, clock, random, startTimeout, onWait, ...settings } = others;
  return readSettings({
    env: env ?? process.env,
    envFile,
    options: settings,
    secretFallback(algorithm) {
      const key = derives ? readSigningKey({ signingKey, publicKey }, algorithm) : undefined;
      return key === undefined ? undefined : deriveSecret(key);
    },
  });
}
