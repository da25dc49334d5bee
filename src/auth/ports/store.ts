import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { AuditStore } from './audit.ts';
import type { ClientStore } from './clients.ts';
import type { KeyStore } from './keys.ts';
import type { NodeStateStore } from './node-state.ts';
import type { OneTimeSecretStore } from './one-time-secrets.ts';
import type { RevocationStore } from './revocations.ts';
import type { SessionStore } from './sessions.ts';
import type { UserStore } from './users.ts';

/**
 * The database as the domain sees it: atomic verbs, never a read and a write that a caller must combine.
 * A promise that resolves means that the change is durable. Every verb may throw {@link StoreUnavailable}: then nothing was
 * written, or it is unknown whether it was, and nothing was acknowledged.
 */
export interface Store
  extends UserStore,
    SessionStore,
    RevocationStore,
    KeyStore,
    ClientStore,
    OneTimeSecretStore,
    NodeStateStore,
    AuditStore {
  /**
   * Removes up to `limit` rows that mean nothing any more at `now`: sessions and one-time secrets past their
   * `expiresAt`, dead log entries, and the audit events whose id sorts before `eventsBefore`, if that is given. `removed` =
   * `limit` says that there may be more. What is removed stays removed, so let `now` lag behind the clock
   * by as much as it may be wrong: an entry removed while the clock ran ahead would no longer refuse its
   * tokens when the clock steps back.
   */
  purgeExpired(args: {
    now: number;
    limit: number;
    eventsBefore?: string;
  }): Promise<{ removed: number }>;

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
