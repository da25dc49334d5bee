import type {
  BeforeRegisterHook,
  BeforeSignInHook,
  OnEventHook,
} from '../auth/hooks/host-hooks.ts';
import type { MailLinks, MailTemplates, SendMail } from '../auth/mail/message.ts';
import type { ClaimsHook, ScopesHook } from '../auth/settings.ts';
import type { FieldRules } from '../auth/users/custom-fields.ts';
import type { PermissionMap } from '../auth/users/permissions.ts';
import { SETTING_NAMES } from '../config/given-settings.ts';
import { readSettings } from '../config/read-settings.ts';
import type { SettingOptions, Settings } from '../config/settings.ts';
import type { PasswordHasherOptions } from '../hasher/password-hasher.ts';
import type { KeyMaterial } from '../jwt/keys/key-material.ts';
import type { Clock } from '../kernel/clock.ts';
import type { Random } from '../kernel/random.ts';
import { deriveSecret, readSigningKey } from './signing-key.ts';

/** Cost and concurrency of password hashing. */
export type HashingOptions = Omit<PasswordHasherOptions, 'random' | 'clock'>;

/** How guessing of passwords is limited. The numbers are fixed: docs/operations.md has them. */
export interface LimitOptions {
  /**
   * Whether failures from loopback and private addresses are counted as those of all others. Behind a proxy that is not
   * named in `trustProxy`, everybody comes from one such address. Set it where clients are in your own network.
   * Default false.
   */
  readonly privateAddresses?: boolean;
}

/**
 * What a host may give in code. The settings among them win over the environment and `.env`. Nothing is required.
 *
 * ```ts
 * await app.register(latchkey, { accessTokenTtl: '10m', claims: (user) => ({ tenant: user.profile['tenant'] }) });
 * ```
 */
export interface LatchkeyOptions extends SettingOptions {
  /**
   * Signs access tokens instead of generated keys: for HS algorithms the shared secret, otherwise a
   * private key as PEM, base64 of PEM, or JWK. Must fit `algorithm`. It is not stored. Default: keys that are generated
   * and kept in the database.
   */
  readonly signingKey?: KeyMaterial;
  /**
   * The public half of `signingKey`, for deployments that configure both. If it does not belong to `signingKey`, the
   * start fails. Default: derived from `signingKey`.
   */
  readonly publicKey?: KeyMaterial;
  /**
   * Derive `secret` from `signingKey` if no secret is given, for deployments that keep only this one secret. Before you
   * replace the signing key, set `LATCHKEY_SECRET` to what {@link deriveSecretFrom} returns for the former one.
   * Default false: a secret of its own.
   */
  readonly deriveSecret?: boolean;
  /** When the keys in the database are replaced. Durations: seconds, or a text such as `90d`. */
  readonly keyRotation?: {
    /** How long a key signs, from `1h` to `3650d`. False: until you rotate it. Default `90d`. */
    readonly interval?: number | string | false;
    /**
     * How long a key is published before it signs, from `1s` to `1d`. Others may keep the JWKS for half as long, at most
     * 5 minutes. Default `10m`.
     */
    readonly lead?: number | string;
  };
  /**
   * `client_id` of access tokens that no client asked for. A session keeps the one it started with. Default `latchkey`.
   * @see RFC 9068 section 2.2
   */
  readonly clientId?: string;
  /** Extra fields of registration: kept with the user, or a password typed twice. Default: none. */
  readonly fields?: FieldRules;
  /** Adds your own claims to each access token. Default: none. */
  readonly claims?: ClaimsHook;
  /** The scopes that a user may get. Default: none. */
  readonly scopes?: ScopesHook;
  /**
   * What each role permits: `{ editor: ['posts:read', 'posts:write'] }`. Access tokens carry the permissions of the user's
   * roles as `entitlements`, and routes ask for them: `requireUser({ permissions: ['posts:write'] })`. A changed map
   * takes effect in this server's own routes when it starts, and in other guards at the next refresh. Default: none.
   * @see RFC 9068 section 2.2.3.1
   */
  readonly permissions?: PermissionMap;
  /** Asked before a person registers; may refuse. Default: none. */
  readonly beforeRegister?: BeforeRegisterHook;
  /** Asked before a user signs in; may refuse. Default: none. */
  readonly beforeSignIn?: BeforeSignInHook;
  /** Gets each audit event about a second after its commit. Default: none. */
  readonly onEvent?: OnEventHook;
  /**
   * Sends mails in place of the mail server of `mailUrl`, such as by the HTTP interface of a provider. It is called
   * outside of requests; if it throws, the mail is sent again later. Default: none.
   */
  readonly sendMail?: SendMail;
  /**
   * Texts of your own for mails: `{ resetPassword: ({ link, code }) => ({ subject, text, html }) }`. Put the code alone
   * on a line of the text. Default: our texts.
   */
  readonly mails?: MailTemplates;
  /**
   * Where the links of mails lead, if your app has pages of its own:
   * `{ reset: 'https://app.example.com/reset?token={token}' }`. Your page sends the token to the route. It must not do
   * so before the user chose a password, as scanners of mail open every link. Default: our pages, below the issuer.
   */
  readonly links?: MailLinks;
  /** The length of passwords, in characters: 1 ≤ `minLength` ≤ `maxLength` ≤ 4,096. */
  readonly password?: {
    /** In characters. Default 8. */
    readonly minLength?: number;
    /** In characters. Default 1,024. */
    readonly maxLength?: number;
  };
  /**
   * How guessing of passwords is limited. False: not at all, for tests, and for apps behind a gateway that limits
   * sign-ins by account.
   */
  readonly limits?: false | LimitOptions;
  /**
   * Concurrency of password hashing. A cost given here replaces that of the settings and may be too low to protect
   * passwords: it is for tests.
   */
  readonly hashing?: HashingOptions;
  /**
   * How long audit events are kept: seconds, or a text such as `30d`; from `1d` to `3650d`. False: without end.
   * Default `90d`.
   */
  readonly auditRetention?: number | string | false;
  /**
   * How often to poll for what other processes revoked, in ms. Default 100 on SQLite, 250 on PostgreSQL. Polling is
   * the fallback: a write to the SQLite file, or a notification of PostgreSQL, leads to a read within milliseconds.
   */
  readonly revocationPollInterval?: number;
  /**
   * How long the start may wait for one thing, such as the migration lock that another node holds, before it
   * fails: seconds, or a text such as `90s`; from `1s` to `1d`. A migration by this node itself has no limit. Default `10m`.
   */
  readonly startTimeout?: number | string;
  /**
   * Called with a sentence that says what the start waits for, after 3 seconds and then every 10. Default: the app's
   * logger, or standard error if there is none.
   */
  readonly onWait?: (text: string) => void;
  /** Where `LATCHKEY_*` settings are read from. Default `process.env`; `{}` for none. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The `.env` file. Default: `.env` in the working directory, if it is there. False: none. */
  readonly envFile?: string | false;
  /** For tests: the time. Default: that of the system. */
  readonly clock?: Clock;
  /** For tests: random numbers. Default: those of the system. */
  readonly random?: Random;
}

/** Reads all settings, those among the options last. @throws {InvalidSetting} */
export function readAllSettings(options: LatchkeyOptions): Settings {
  const { env = process.env, envFile, signingKey, publicKey } = options;
  return readSettings({
    env,
    envFile,
    options: pickSettings(options),
    secretFallback(algorithm) {
      if (!options.deriveSecret) return undefined;
      const key = readSigningKey({ signingKey, publicKey }, algorithm);
      return key && deriveSecret(key);
    },
  });
}

function pickSettings(options: LatchkeyOptions): SettingOptions {
  return Object.fromEntries(SETTING_NAMES.map((name) => [name, options[name]]));
}
