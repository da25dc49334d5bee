import type { Revocation } from '../../revocation/revocation.ts';
import type {
  AuditActorKind,
  AuditEvent,
  AuditEventType,
  AuditOutcome,
  AuditSubjectKind,
} from '../audit/event.ts';
import type { ClientRecord, ClientSecret, Session, User, UserRecord } from '../model.ts';
import type { Generations } from '../sessions/refresh-rule.ts';
import type { SessionLifetime } from '../sessions/session-lifetime.ts';
import type { OneTimeSecretStore, SecretUse } from './one-time-secrets.ts';
import type { Proof } from './proof.ts';

export type { Clock } from '../../kernel/clock.ts';
export type { Random } from '../../kernel/random.ts';

/** Turns passwords into stored hashes. Slow on purpose and never on the event loop. */
export interface PasswordHasher {
  /** @throws {Overloaded} when the queue is full */
  hash(password: string): Promise<string>;
  /**
   * Compares exactly. An absent `hash` costs the same as a real one and is never `ok`, so that the
   * time an answer takes does not tell whether a user exists.
   * @throws {Overloaded} when the queue is full
   */
  verify(hash: string | null, password: string): Promise<{ ok: boolean; outdated: boolean }>;
  /**
   * Why no password can ever match this hash, as the end of a sentence; undefined: one may. A hasher without it
   * takes every hash for one that may be matched.
   */
  findHashProblem?(hash: string): string | undefined;
  close(): Promise<void>;
}

/** A signing key as stored: the private part is sealed by the domain before it gets here. */
export interface StoredKey {
  readonly kid: string;
  readonly algorithm: string;
  /** Public JWK as JSON, or null for HMAC. */
  readonly publicJwk: string | null;
  /** Private JWK, sealed with AES-256-GCM under a key derived from a root key, which it names. */
  readonly sealedPrivateJwk: string;
  readonly createdAt: number;
  /** From when it signs; the key in force is the active one with the greatest `activeAt`. */
  readonly activeAt: number;
  /** When it leaves the JWKS, or null while no successor is set. */
  readonly retiredAt: number | null;
  /** When somebody said that it had leaked, or null. */
  readonly revokedAt: number | null;
}

/**
 * What root keys are for. `tokens`: refresh tokens, and the sealing of signing keys. A restore replaces them.
 * `data`: what must be read again after a restore, and one-time secrets.
 */
export type RootKind = 'tokens' | 'data';

/** The root keys of one kind, sealed by the domain under a secret or under a root key for tokens. */
export interface Envelope {
  /** Tells its kind and what opens it, and nothing that helps to guess that. */
  readonly id: string;
  readonly kind: RootKind;
  readonly sealed: string;
  readonly createdAt: number;
  /** When it will be removed, or null. */
  readonly endsAt: number | null;
}

/** All that is stored of keys, as of one version. */
export interface KeySnapshot {
  /** Counts the changes, from 0. */
  readonly version: number;
  /** In the order in which they become active. */
  readonly keys: readonly StoredKey[];
  readonly envelopes: readonly Envelope[];
}

/**
 * The fact that holds the longest lifetime access tokens of this database ever had; seconds. A node raises
 * it before it issues its first token.
 */
export const LONGEST_ACCESS_TTL = 'longest_access_token_ttl';

/** An entry of the revocation log that is to be written. */
export interface NewRevocation extends Omit<Revocation, 'seq' | 'expiresAt'>, Outliving {}

/** What tells the store how long entries of the revocation log must live. */
export interface Outliving {
  /**
   * The entry outlives every access token that was issued until then; ms since the epoch. The store adds
   * the longest lifetime ({@link LONGEST_ACCESS_TTL}) in the statement that writes the entry, as another
   * node may raise it at any moment.
   */
  readonly issuedUntil: number;
}

/** What to write about keys, all of it or none. */
export interface KeyChange {
  /** New ones, and changed ones in place of what was there. */
  readonly keys?: readonly StoredKey[];
  /** Their `kid`s. */
  readonly removedKeys?: readonly string[];
  readonly envelopes?: readonly Envelope[];
  /** Their ids. */
  readonly removedEnvelopes?: readonly string[];
  /** Ends all one-time secrets: somebody else may be able to derive them. */
  readonly endsOneTimeSecrets?: true;
  readonly revocations?: readonly NewRevocation[];
  readonly event?: AuditEvent;
}

export type RotateResult =
  /** The session as it is now, and its user. `rotated`: by this call; `current` and `replayed`: unchanged. */
  | {
      readonly status: 'rotated' | 'current' | 'replayed';
      readonly session: Session;
      readonly user: UserRecord;
    }
  /** An old generation came: the session was ended in this very transaction. */
  | { readonly status: 'reused'; readonly revocations: readonly Revocation[] }
  | { readonly status: 'gone' };

/** A session that lives, with its user and what the rule of refresh must know. */
export interface LiveSession extends Pick<Generations, 'parentGeneration' | 'firstGeneration'> {
  readonly session: Session;
  readonly user: UserRecord;
}

/** Which events to list: those that meet all conditions. */
export interface AuditEventFilter {
  readonly actorKind?: AuditActorKind;
  readonly actorId?: string;
  readonly subjectKind?: AuditSubjectKind;
  readonly subjectId?: string;
  /** Of one of these types. */
  readonly types?: readonly AuditEventType[];
  readonly outcome?: AuditOutcome;
  /** In the form in which it is stored. */
  readonly address?: string;
}

/** The outcome of a verb that may revoke. `found` is false when there was nothing to act upon. */
export interface RevocationResult {
  readonly found: boolean;
  /** The log entries this verb wrote, for this node to apply at once. */
  readonly revocations: readonly Revocation[];
}

/** Fields every revoking verb needs: how long its log entries must live, and what the audit says. */
export interface RevocationArgs extends Outliving {
  readonly event: AuditEvent;
}

/**
 * The database as the domain sees it: atomic verbs, never get/set pairs that a caller must combine.
 * A resolved promise means durable. Every verb may throw {@link StoreUnavailable}; then nothing was
 * written, or it is unknown whether it was and nothing was acknowledged.
 */
/** What the operator should read about a start. */
export interface Notice {
  readonly level: 'info' | 'warning';
  /** `issuer`: tokens issued before are refused. */
  readonly about?: 'issuer';
  /** One or more sentences. */
  readonly text: string;
}

export interface Store extends OneTimeSecretStore {
  /** Inserts the user, and its first session where one is given, in one transaction. */
  createUser(args: {
    user: UserRecord;
    session: Session | null;
    event: AuditEvent;
  }): Promise<{ status: 'created' } | { status: 'taken'; field: 'username' | 'email' }>;

  findUser(
    by: { id: string } | { usernameKey: string } | { emailKey: string },
  ): Promise<UserRecord | undefined>;

  /** In order of id; `after` is the last id of the page before. */
  listUsers(args: { after: string | null; limit: number }): Promise<UserRecord[]>;

  /**
   * Starts a session if the user is there, enabled, and what was proved still holds: a login must not outrun a
   * change of the password that came after it. See {@link Proof}.
   *
   * With a `bound`, the least recently used session ends if the user has as many as that allows; the event
   * is told which. Never more than one ends, and no more rows are looked at than the bound and some: where
   * sessions beyond it are left, they are flagged for {@link cleanUpSessions}.
   */
  openSession(args: {
    session: Session;
    proof: Proof;
    event: AuditEvent;
    bound?: { maxSessions: number } & RevocationArgs;
  }): Promise<
    | { status: 'opened'; user: UserRecord; revocations?: readonly Revocation[] }
    | { status: 'refused' }
  >;

  /**
   * The compare-and-swap behind refresh, by the rule of `classifyGeneration`. `void` answers `gone`, and so
   * does a session that has ended or is past its `expiresAt`.
   */
  rotateSession(
    args: {
      sessionId: string;
      generation: number;
      now: number;
      /** ms */
      grace: number;
    } & SessionLifetime &
      RevocationArgs,
  ): Promise<RotateResult>;

  /** The session of this id, if it lives. */
  findSession(args: { sessionId: string; now: number }): Promise<LiveSession | undefined>;

  /**
   * Live sessions by descending id, which is the latest first; `before` is the last id of the page before.
   */
  listSessions(args: {
    userId: string;
    now: number;
    before?: string | null;
    limit: number;
  }): Promise<Session[]>;

  /**
   * Ends one session; where `userId` is given, only if it is that user's. `evenIfGone`: writes the log entry
   * and the event in any case, and so always finds something. This is for a caller who holds a token of the
   * session: its row may be gone while access tokens live, and these must be refused, too.
   */
  endSession(
    args: { sessionId: string; userId: string | null; evenIfGone?: boolean } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Ends all of a user's sessions and raises its token version. */
  endAllSessions(args: { userId: string; now: number } & RevocationArgs): Promise<RevocationResult>;

  /**
   * Replaces the hash if it still is `verifiedHash` (null: whatever it is), raises the token version and
   * ends every session but `keep`. That one goes on to its next generation, and refresh tokens of its
   * earlier ones are void. Finds nothing where `keep` does not live, or where the one-time secret to `consume`
   * is not live. All other one-time secrets of the user end, but those for the purposes that outlive a change of
   * the password. `start` is a session that starts with the new password; it finds nothing where the user is
   * disabled.
   */
  changePassword(
    args: {
      userId: string;
      verifiedHash: string | null;
      newHash: string;
      keep: ({ sessionId: string } & SessionLifetime) | null;
      consume?: SecretUse;
      start?: { session: Session; event: AuditEvent };
      now: number;
    } & RevocationArgs,
  ): Promise<
    RevocationResult & {
      /** Where a session was to be kept. */
      readonly kept?: { readonly session: Session; readonly user: UserRecord };
      /** Where a session was to be started. */
      readonly user?: UserRecord;
    }
  >;

  /**
   * No session starts until the user has changed the password, by {@link changePassword} with a `verifiedHash` or a
   * `consume`; all that are there end. Finds nothing where the user has no password.
   */
  requirePasswordChange(
    args: { userId: string; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** The sessions live on; access tokens issued before do not. The event is told the roles before and after. */
  setRoles(
    args: { userId: string; roles: readonly string[]; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /** Disabling ends all sessions and raises the token version. Enabling revokes nothing. */
  setDisabled(
    args: { userId: string; disabled: boolean; now: number } & RevocationArgs,
  ): Promise<RevocationResult>;

  /**
   * Removes the user with its sessions and one-time secrets. Audit events stay. `isPartial`: the user had too many sessions for
   * one transaction. It is disabled, all its sessions have ended and some were removed; call again.
   */
  deleteUser(
    args: { userId: string; now: number } & RevocationArgs,
  ): Promise<RevocationResult & { readonly isPartial?: true }>;

  /** The id of a user that may have sessions to remove: ended ones, or more than it may have. */
  findSessionCleanup(): Promise<string | undefined>;

  /**
   * Removes up to `events.length` sessions of a user: first those that have ended, then the least recently
   * used of those beyond `maxSessions`, each of these with its log entry and one of the events, which is
   * told its session. `isDone`: nothing is left to remove.
   */
  cleanUpSessions(
    args: { userId: string; maxSessions: number; events: readonly AuditEvent[] } & Outliving,
  ): Promise<{ readonly isDone: boolean; readonly revocations: readonly Revocation[] }>;

  /** Revokes one access token by its `jti`. */
  revokeToken(args: { jti: string } & RevocationArgs): Promise<RevocationResult>;

  /** Log entries after `seq` that are still live at `now`, in order, with the newest `seq` of the log. */
  listRevocations(args: {
    after: number;
    now: number;
  }): Promise<{ revocations: Revocation[]; lastSeq: number }>;

  /**
   * Where the database can tell: calls back soon after another process has added to the log, and whenever
   * it may have done so unnoticed. Resolves, even while the database is away, to what ends it. A call may
   * get lost, so callers must poll the log as well.
   * @param onAttempt called after each attempt to listen: with the reason if it failed
   */
  subscribe?(
    onChange: () => void,
    onAttempt?: (error?: unknown) => void,
  ): Promise<() => Promise<void>>;

  /** What is answered may be newer than its `version`, never older. */
  readKeys(): Promise<KeySnapshot>;

  /**
   * Changes keys if nobody else has since `version`, which is then one more. So of several nodes that
   * decide the same at once one does it, and the others decide again.
   */
  changeKeys(
    args: { version: number } & KeyChange,
  ): Promise<
    | { readonly status: 'changed'; readonly revocations: readonly Revocation[] }
    | { readonly status: 'outdated' }
  >;

  /** Stores the client and its secrets unless its name or id is taken. */
  createClient(args: {
    client: ClientRecord;
    event: AuditEvent;
  }): Promise<{ status: 'created' | 'taken' }>;
  findClient(args: { id: string }): Promise<ClientRecord | undefined>;
  /** All of them, the oldest first. */
  listClients(): Promise<ClientRecord[]>;
  /**
   * Adds a secret to a client. Its other secrets end at `othersEndAt` at the latest, and those that have ended at
   * `now` are removed.
   * @returns the client as it is now; undefined: there is none
   */
  rotateClientSecret(args: {
    id: string;
    secret: ClientSecret;
    othersEndAt: number;
    now: number;
    event: AuditEvent;
  }): Promise<ClientRecord | undefined>;
  /** Removes the client and its secrets. */
  deleteClient(args: { id: string; event: AuditEvent }): Promise<{ found: boolean }>;

  /**
   * Keeps the greater of `value` and what is stored under `name` (a number); returns it. Names hold facts
   * that all nodes must agree on.
   */
  raise(args: { name: string; value: number }): Promise<number>;

  /**
   * Stores `value` under `name` if `expected` is there, where nothing counts as `''`; returns what is
   * there now.
   */
  exchange(args: { name: string; expected: string; value: string }): Promise<string>;

  recordEvent(event: AuditEvent): Promise<void>;
  /**
   * Events in the order of their ids, `after` and `before` excluded. Ids begin with the time, so an end that is
   * not an id, such as that of `createUuidFloor`, stands for a time.
   */
  listEvents(args: {
    order: 'newest first' | 'oldest first';
    filter?: AuditEventFilter;
    after?: string | null;
    before?: string | null;
    limit: number;
  }): Promise<AuditEvent[]>;

  /**
   * Removes up to `limit` rows that mean nothing any more at `now`: sessions and one-time secrets past their
   * `expiresAt`, dead log entries, and the audit events whose id sorts before `eventsBefore`, if that is given. `removed` =
   * `limit` says that there may be more. What is removed stays removed, so let `now` lag behind the clock
   * by as much as it may be wrong: an entry removed while the clock ran ahead would no longer refuse its
   * tokens when the clock steps back.
   */
  prune(args: { now: number; limit: number; eventsBefore?: string }): Promise<{ removed: number }>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;

  /**
   * Writes what a sign-in writes and removes it in the same transaction, so nobody ever sees it. Resolves when
   * the database takes sign-ins: neither read-only nor full, with every table and permission they need.
   */
  tryWriting(args: { user: UserRecord; session: Session; event: AuditEvent }): Promise<void>;
  /** Finishes what has begun, then lets go of the database. */
  close(): Promise<void>;
}

/** Strips what must not leave the domain. */
export function toUser(record: UserRecord): User {
  const { usernameKey: _u, emailKey: _e, passwordHash: _p, tokenVersion: _v, ...user } = record;
  return user;
}
