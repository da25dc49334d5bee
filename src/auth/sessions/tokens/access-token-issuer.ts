import { ACCESS_TOKEN_TYP, createJti } from '../../../jwt/access-token.ts';
import { createSigner } from '../../../jwt/jws.ts';
import type { SigningKey } from '../../../jwt/keys/key-types.ts';
import { isScopeName } from '../../../jwt/scope.ts';
import type { Clock } from '../../../kernel/clock.ts';
import type { Random } from '../../../kernel/random.ts';
import type { ActiveKeySet } from '../../keys/active-key-set.ts';
import { type Session, toUser, type User, type UserRecord } from '../../model.ts';
import type { AuthSettings } from '../../settings.ts';

/** The claims that Latchkey sets. The host's hook must not. */
const RESERVED_CLAIMS: ReadonlySet<string> = new Set([
  'iss',
  'sub',
  'aud',
  'client_id',
  'exp',
  'iat',
  'jti',
  'sid',
  'auth_time',
  'amr',
  'roles',
  'entitlements',
  'scope',
  'username',
]);

/** A signed access token. */
export interface IssuedAccessToken {
  readonly token: string;
  /** Seconds until it expires. */
  readonly expiresIn: number;
  /** Space-separated scopes, or null if none is granted. */
  readonly scope: string | null;
}

type Sign = ReturnType<typeof createSigner>;

/** Issues an access token for a session. */
export type AccessTokenIssuer = (user: UserRecord, session: Session) => Promise<IssuedAccessToken>;

/** Creates the issuer of access tokens. @see RFC 9068 section 2.2 */
export function createAccessTokenIssuer(options: {
  settings: AuthSettings;
  keys: ActiveKeySet;
  clock: Clock;
  random: Random;
}): AccessTokenIssuer {
  const { settings, clock, random } = options;
  const signers = new WeakMap<SigningKey, Sign>();
  const signerOf = (key: SigningKey): Sign => {
    const sign = signers.get(key) ?? createSigner(key, ACCESS_TOKEN_TYP);
    signers.set(key, sign);
    return sign;
  };
  return async (record, session) => {
    const user = toUser(record);
    const own = settings.claims === undefined ? {} : await settings.claims(user, session);
    assertOwnClaims(own);
    const scope = await grantScope(settings, user, session);
    const entitlements = settings.permissions.list(user.roles);
    const sign = signerOf(await options.keys.waitForSigner());
    const iat = Math.floor(clock.now() / 1000);
    // No access token outlives its session.
    const exp = Math.min(iat + settings.accessTokenTtl, Math.floor(session.expiresAt / 1000));
    const token = sign({
      iss: settings.issuer,
      sub: user.id,
      aud: settings.audience,
      client_id: session.clientId ?? settings.clientId,
      iat,
      exp,
      jti: createJti(random.bytes(15), record.tokenVersion),
      sid: session.id,
      auth_time: Math.floor(session.authTime / 1000),
      amr: session.amr,
      ...(user.username === null ? {} : { username: user.username }),
      ...(user.roles.length === 0 ? {} : { roles: user.roles }),
      ...(entitlements.length === 0 ? {} : { entitlements }),
      ...(scope === null ? {} : { scope }),
      ...own,
    });
    return { token, expiresIn: exp - iat, scope };
  };
}

/** A mistake of the host fails the first sign-in: a token must not claim to be another user's or issuer's. */
function assertOwnClaims(own: Readonly<Record<string, unknown>>): void {
  for (const name of Object.keys(own)) {
    if (RESERVED_CLAIMS.has(name)) {
      throw new TypeError(`The claims hook returned "${name}", which Latchkey sets itself.`);
    }
  }
}

async function grantScope(
  settings: AuthSettings,
  user: User,
  session: Session,
): Promise<string | null> {
  if (settings.scopes === undefined) return null;
  const allowed = await settings.scopes(user);
  assertScopes(allowed);
  const asked = session.scope?.split(' ');
  const granted = asked === undefined ? allowed : allowed.filter((scope) => asked.includes(scope));
  return granted.length === 0 ? null : granted.join(' ');
}

/** A scope with a space would grant two, and one with a line break would break headers. */
function assertScopes(scopes: unknown): void {
  if (!Array.isArray(scopes) || !scopes.every(isScopeName))
    throw new TypeError('The scopes hook must return a list of names without spaces.');
}
