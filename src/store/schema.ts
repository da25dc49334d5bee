import type { Generated, Selectable } from 'kysely';
import type {
  AuditActorKind,
  AuditChanges,
  AuditEventType,
  AuditReason,
  AuditSubjectKind,
} from '../auth/audit/event.ts';
import type { Envelope } from '../auth/keys/envelope.ts';
import type { StoredKey } from '../auth/keys/stored-key.ts';
import type { ClientRecord, ClientSecret, Session, UserRecord } from '../auth/model.ts';
import type { BucketRecord } from '../auth/ports/limits.ts';
import type { OneTimeSecretRecord } from '../auth/ports/one-time-secrets.ts';
import type { MailRecord } from '../auth/ports/outbox.ts';
import type { AuthenticatorRecord, RecoveryCodesRecord } from '../auth/ports/second-factors.ts';
import type { Revocation } from '../revocation/revocation.ts';
import {
  columnsOf,
  type Formats,
  json,
  plain,
  type RecordColumns,
  type RowOf,
  words,
} from './sql/record-columns.ts';

/** A table whose rows are records of the domain, with the columns that only the store knows (`Own`). */
interface Table<Source, Own> {
  /** Rows are copied in its order. */
  readonly key: keyof (RowOf<Source> & Own) & string;
  readonly columns: RecordColumns<Source>;
  /** Never set: it carries the type of a row. */
  readonly Row?: RowOf<Source> & Own;
}

function table<Source extends object, Own = unknown>(
  key: Table<Source, Own>['key'],
  formats: Formats<Source>,
): Table<Source, Own> {
  return { key, columns: columnsOf(formats) };
}

/** What the store alone keeps in a session. */
interface OwnSessionColumns {
  /** The session lives only while this is its user's `session_epoch`. */
  epoch: number;
  /** Refresh tokens of earlier generations are void. */
  first_generation: Generated<number>;
  /** The generation that the present one replaced, where that is not the one before. */
  parent_generation: Generated<number | null>;
}

/** An audit event with its subject and its actor laid out flat. */
export interface StoredEvent {
  readonly id: string;
  readonly at: number;
  readonly type: AuditEventType;
  /** The subject where it is a user. */
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  /** The subject where it is not a user. */
  readonly subject: string | null;
  /** Null, like `actorKind`: a node of version 0.1 wrote the row after the schema was upgraded. */
  readonly subjectKind: AuditSubjectKind | null;
  readonly actorKind: AuditActorKind | null;
  readonly actorId: string | null;
  /** Null: a success. */
  readonly reason: AuditReason | null;
  readonly changes: AuditChanges | null;
  /** Random; null without personal fields, and once they were erased. */
  readonly salt: string | null;
  /** Stands for the personal fields in the chain. Null: the event had none. */
  readonly digest: string | null;
  /** Shows that a server of this database wrote the event. Null: none did, or one of version 0.1. */
  readonly origin: string | null;
}

/** What the node that seals adds to an event. Null until then. */
interface OwnEventColumns {
  /** Its number in the chain, from 1. */
  seq: Generated<number | null>;
  mac: Generated<string | null>;
  sealed_at: Generated<number | null>;
}

/**
 * Every table with data of Latchkey, each after the tables that it refers to. Statements, copies and the check whose
 * database this is take the names of tables and columns from here. Only `migrations/` has its own names, as they are
 * history.
 */
export const TABLES = {
  users: table<
    UserRecord,
    {
      /** Counts the times all of the user's sessions ended. */
      session_epoch: Generated<number>;
      /** 1: there may be sessions for the background job to remove. */
      session_cleanup: Generated<0 | 1>;
    }
  >('id', {
    id: plain,
    username: plain,
    usernameKey: plain,
    email: plain,
    emailKey: plain,
    emailVerifiedAt: plain,
    name: plain,
    roles: json,
    profile: json,
    passwordHash: plain,
    tokenVersion: plain,
    credentialVersion: plain,
    disabledAt: plain,
    passwordChangeRequiredAt: plain,
    passwordExpiresAt: plain,
    secondFactorAt: plain,
    createdAt: plain,
    updatedAt: plain,
  }),
  sessions: table<Session, OwnSessionColumns>('id', {
    id: plain,
    userId: plain,
    generation: plain,
    rotatedAt: plain,
    expiresAt: plain,
    createdAt: plain,
    authTime: plain,
    amr: words,
    mfaTime: plain,
    clientId: plain,
    scope: plain,
    address: plain,
    userAgent: plain,
  }),
  revocations: table<Omit<Revocation, 'seq'>, { seq: Generated<number> }>('seq', {
    kind: plain,
    subject: plain,
    version: plain,
    expiresAt: plain,
  }),
  signing_keys: table<StoredKey>('kid', {
    kid: plain,
    algorithm: plain,
    sealedPrivateJwk: plain,
    createdAt: plain,
    activeAt: plain,
    retiredAt: plain,
    revokedAt: plain,
  }),
  envelopes: table<Envelope>('id', {
    id: plain,
    kind: plain,
    sealed: plain,
    createdAt: plain,
    endsAt: plain,
  }),
  audit_events: table<StoredEvent, OwnEventColumns>('id', {
    id: plain,
    at: plain,
    type: plain,
    userId: plain,
    sessionId: plain,
    address: plain,
    userAgent: plain,
    subject: plain,
    subjectKind: plain,
    actorKind: plain,
    actorId: plain,
    reason: plain,
    changes: json,
    salt: plain,
    digest: plain,
    origin: plain,
  }),
  audit_erasures: table<{ readonly userId: string; readonly requestedAt: number }>('user_id', {
    userId: plain,
    requestedAt: plain,
  }),
  one_time_secrets: table<
    OneTimeSecretRecord,
    {
      /** How many codes were presented. */
      attempts: Generated<number>;
      used_at: Generated<number | null>;
    }
  >('id', {
    id: plain,
    purpose: plain,
    subject: plain,
    mac: plain,
    data: plain,
    browser: plain,
    expiresAt: plain,
    codeExpiresAt: plain,
  }),
  attempt_limits: table<BucketRecord>('key', {
    key: plain,
    kind: plain,
    attempts: plain,
    openAt: plain,
    endsAt: plain,
    subject: plain,
  }),
  authenticators: table<AuthenticatorRecord>('id', {
    id: plain,
    userId: plain,
    name: plain,
    sealedSecret: plain,
    lastStep: plain,
    createdAt: plain,
    confirmedAt: plain,
    lastUsedAt: plain,
  }),
  recovery_codes: table<RecoveryCodesRecord>('user_id', {
    userId: plain,
    sealedKey: plain,
    macs: json,
    createdAt: plain,
  }),
  mails: table<MailRecord>('id', {
    id: plain,
    purpose: plain,
    recipient: plain,
    language: plain,
    secretId: plain,
    data: plain,
    bucket: plain,
    asker: plain,
    createdAt: plain,
    attempts: plain,
    nextAttemptAt: plain,
    problem: plain,
    keepUntil: plain,
  }),
  facts: table<{ readonly name: string; readonly value: string }>('name', {
    name: plain,
    value: plain,
  }),
  clients: table<Omit<ClientRecord, 'secrets'>>('id', {
    id: plain,
    kind: plain,
    name: plain,
    createdAt: plain,
  }),
  client_secrets: table<ClientSecret & { readonly clientId: string }>('id', {
    id: plain,
    clientId: plain,
    hash: plain,
    createdAt: plain,
    endsAt: plain,
  }),
} as const;

export type TableName = keyof typeof TABLES;

/** In the order of {@link TABLES}. */
export const TABLE_NAMES = Object.keys(TABLES) as TableName[];

/** Tables that triggers keep. They are neither copied nor in backups: the rows of other tables make theirs. */
export const DERIVED_TABLE_NAMES: readonly string[] = ['user_roles'];

/** Tables that only earlier schemas have. */
export const FORMER_TABLE_NAMES: readonly string[] = ['guards'];

type RowsOf = { [Name in TableName]: NonNullable<(typeof TABLES)[Name]['Row']> };

/** Every table, by name, with the types of its columns. */
export interface Database extends RowsOf {
  latchkey_migrations: { version: number; name: string };
  /** One row for each role of each user. Triggers keep it. */
  user_roles: { role: string; user_id: string };
}

/** A row as it is read, by the name of its table. */
export type Row<Name extends TableName> = Selectable<Database[Name]>;

/** What a new row is inserted with; the rest has defaults. */
export type NewRow<Name extends TableName> =
  (typeof TABLES)[Name] extends Table<infer Source, infer _> ? RowOf<Source> : never;
