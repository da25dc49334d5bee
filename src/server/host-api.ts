import type { AuditTrail } from '../auth/audit/audit-trail.ts';
import type { Auth } from '../auth/auth.ts';
import type { Clients } from '../auth/clients/clients.ts';
import type { Throttling } from '../auth/limits/throttled.ts';
import type { AuthSettings } from '../auth/settings.ts';
import type { Users } from '../auth/users/users.ts';
import { settingTable } from '../config/setting-table.ts';
import type { Settings } from '../config/settings.ts';
import type { VerifiedToken } from '../guard/verify/access-claims.ts';
import type { Latchkey } from '../system/latchkey.ts';
import type { AuthCookies } from './http/auth-cookies.ts';

/** What a host may do with sessions and tokens. */
const AUTH_METHODS = [
  'register',
  'registerRaw',
  'createAccount',
  'createAccountRaw',
  'login',
  'loginRaw',
  'completeSignIn',
  'completeSignInRaw',
  'refresh',
  'findMe',
  'logout',
  'logoutByRefreshToken',
  'logoutAll',
  'changePassword',
  'changePasswordRaw',
  'reauthenticate',
  'reauthenticateRaw',
  'changeRequiredPassword',
  'changeRequiredPasswordRaw',
  'updateMe',
  'updateMeRaw',
  'deleteMe',
  'listSessions',
  'listSessionsRaw',
  'endSession',
  'listEvents',
  'listEventsRaw',
  'revokeToken',
  'findRefreshToken',
  'ownsRefreshToken',
  'loadPasswordReset',
  'ping',
] as const satisfies readonly (keyof Auth)[];

/** What is set in code alone, and is not a secret. */
const CODE_SETTINGS = [
  'clientId',
  'keyRotation',
  'passwordMinLength',
  'passwordMaxLength',
  'auditRetention',
  'fields',
  'limits',
] as const satisfies readonly (keyof AuthSettings)[];

/** Sign-in, sessions and tokens, for the host's own routes. Each method checks its input. The `…Raw` ones take what a request sent. */
export type HostAuth = Pick<Auth, (typeof AUTH_METHODS)[number]>;

/** The settings as they are in force, without those that are secret. Durations are in seconds. */
export type HostSettings = Omit<Settings, 'secret' | 'databaseUrl' | 'database'> &
  Pick<AuthSettings, (typeof CODE_SETTINGS)[number]>;

/**
 * What the host's own code can do. It has neither the secret nor the private part of a key, and nothing that
 * maintains the database.
 */
export interface LatchkeyApi {
  /** The settings as they are in force, without those that are secret. Durations are in seconds. */
  readonly settings: HostSettings;
  /** Sign-in, sessions and tokens, for routes of your own. */
  readonly auth: HostAuth;
  /** Users, for code that you trust: it may set roles and passwords. */
  readonly users: Users;
  /** Programs that have a key of their own, such as guards. */
  readonly clients: Clients;
  /** Reads the audit trail. */
  readonly audit: AuditTrail;
  /** Where sign-ins have to wait because too many failed. */
  readonly throttling: Throttling;
  /**
   * Verifies an access token in memory: signature, claims and revocations.
   *
   * ```ts
   * const { sub, roles } = app.latchkey.verify(token);
   * ```
   * @returns the claims, frozen
   * @throws {TokenRefused} with a `code` that says why, such as `token_expired`
   */
  verify(token: string): VerifiedToken;
}

/**
 * What `app.latchkey` offers to the host's own code.
 *
 * ```ts
 * await app.latchkey.users.ensure({ username: 'jane', password: 'correct horse' });
 * app.get('/profile', { onRequest: app.requireUser() }, (req) => app.latchkey.auth.findMe(req.user));
 * ```
 */
export interface LatchkeyDecorator extends LatchkeyApi {
  /** Writes and clears the cookies, for sign-in routes of your own. */
  readonly cookies: AuthCookies;
}

/** Makes the object that a host's code is given. */
export function createHostApi(latchkey: Latchkey): LatchkeyApi {
  const { auth, users } = latchkey;
  const methods = AUTH_METHODS.map((name) => [name, auth[name].bind(auth)]);
  // The classes keep what they work with in private fields, which no other code can read.
  return Object.freeze({
    settings: pickSettings(latchkey.settings),
    auth: Object.freeze(Object.fromEntries(methods)) as HostAuth,
    users,
    clients: auth.clients,
    audit: auth.audit,
    throttling: auth.throttling,
    verify: latchkey.verify,
  });
}

/** Names what is passed on, so that a secret which is added later stays here. */
function pickSettings(settings: Latchkey['settings']): HostSettings {
  const fromTable = Object.values(settingTable).flatMap(({ name, secret }) => (secret ? [] : name));
  const names = [...fromTable, 'defaulted', ...CODE_SETTINGS] as const;
  return Object.freeze(
    Object.fromEntries(names.map((name) => [name, settings[name]])),
  ) as unknown as HostSettings;
}
