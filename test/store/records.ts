import type { AuditEvent } from '../../src/auth/audit/event.ts';
import type { Envelope } from '../../src/auth/keys/envelope.ts';
import type { StoredKey } from '../../src/auth/keys/stored-key.ts';
import type { ClientRecord, ClientSecret, Session, UserRecord } from '../../src/auth/model.ts';
import type { OneTimeSecretRecord } from '../../src/auth/ports/one-time-secrets.ts';
import type { PasswordProof } from '../../src/auth/ports/proof.ts';

let made = 0;

/** A name no other test of this process uses; later ones sort later. */
export function unique(prefix: string): string {
  made += 1;
  return `${prefix}-${String(made).padStart(9, '0')}`;
}

export function aUser(fields: Partial<UserRecord> = {}): UserRecord {
  const id = unique('user');
  return {
    id,
    username: `Name ${id}`,
    usernameKey: `name ${id}`,
    email: `${id}@example.com`,
    emailKey: `${id}@example.com`,
    emailVerifiedAt: null,
    name: 'Zoë "Z" Ωmega',
    roles: ['reader', 'writer'],
    profile: { plan: 'pro', nested: { list: [1, null, 'x'] } },
    passwordHash: `hash of ${id}`,
    tokenVersion: 0,
    credentialVersion: 0,
    disabledAt: null,
    passwordChangeRequiredAt: null,
    passwordExpiresAt: null,
    secondFactorAt: null,
    createdAt: 1_000,
    updatedAt: 1_000,
    ...fields,
  };
}

/** That the user's password was presented. @param rehash what replaces its hash */
export function aProof(user: UserRecord, rehash: string | null = null): PasswordProof {
  return { kind: 'password', verifiedHash: user.passwordHash ?? '', rehash };
}

export function aSession(userId: string, fields: Partial<Session> = {}): Session {
  return {
    id: unique('session'),
    userId,
    generation: 0,
    rotatedAt: 1_000,
    expiresAt: 1_000_000,
    createdAt: 1_000,
    authTime: 1_000,
    amr: ['pwd', 'otp', 'mfa'],
    mfaTime: 999,
    clientId: 'a client',
    scope: 'read write',
    address: '192.0.2.1',
    userAgent: 'a browser',
    ...fields,
  };
}

export function anEvent(fields: Partial<AuditEvent> = {}): AuditEvent {
  return {
    id: unique('event'),
    at: 1_000,
    type: 'login_succeeded',
    actor: { kind: 'operator', id: 'root' },
    subject: { kind: 'key', id: 'a key' },
    sessionId: null,
    outcome: 'success',
    reason: null,
    address: '192.0.2.1',
    userAgent: 'a browser',
    changes: { name: { from: null, to: ['a', 'list'] } },
    ...fields,
  };
}

/** For sessions whose age is no matter. */
export const anyAge = { maxAgeMs: Number.MAX_SAFE_INTEGER } as const;

export function aKey(fields: Partial<StoredKey> = {}): StoredKey {
  return {
    kid: unique('key'),
    algorithm: 'ES256',
    sealedPrivateJwk: 'sealed',
    createdAt: 1_000,
    activeAt: 1_000,
    retiredAt: null,
    revokedAt: null,
    ...fields,
  };
}

export function aClient(fields: Partial<ClientRecord> = {}): ClientRecord {
  const id = unique('client');
  const secrets = [aClientSecret()];
  return { id, kind: 'guard', name: `Name of ${id}`, createdAt: 1_000, secrets, ...fields };
}

export function aClientSecret(fields: Partial<ClientSecret> = {}): ClientSecret {
  const id = unique('secret');
  return { id, hash: `hash of ${id}`, createdAt: 1_000, endsAt: null, ...fields };
}

export function anEnvelope(fields: Partial<Envelope> = {}): Envelope {
  return {
    id: unique('envelope'),
    kind: 'tokens',
    sealed: 'sealed',
    createdAt: 1_000,
    endsAt: null,
    ...fields,
  };
}

export function aSecret(fields: Partial<OneTimeSecretRecord> = {}): OneTimeSecretRecord {
  const id = unique('secret');
  return {
    id,
    purpose: 'reset',
    subject: unique('subject'),
    mac: `mac of ${id}`,
    data: '{"a":1}',
    browser: null,
    expiresAt: 1_000_000,
    codeExpiresAt: 500_000,
    ...fields,
  };
}
