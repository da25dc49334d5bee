import type { AuditEvent } from '../audit/event.ts';
import type { Session, UserRecord } from '../model.ts';
import type { AuditStore } from './audit.ts';
import type { AuditChainStore } from './audit-chain.ts';
import type { ClientStore } from './clients.ts';
import type { KeyStore } from './keys.ts';
import type { LimitStore } from './limits.ts';
import type { NodeStateStore } from './node-state.ts';
import type { OneTimeSecretStore } from './one-time-secrets.ts';
import type { OutboxStore } from './outbox.ts';
import type { RevocationStore } from './revocations.ts';
import type { SecondFactorStore } from './second-factors.ts';
import type { SessionStore } from './sessions.ts';
import type { StatisticsStore } from './statistics.ts';
import type { UserStore } from './users.ts';

/**
 * The database as the domain sees it: atomic verbs, never a read and a write that a caller must combine. Times are ms
 * since the epoch.
 *
 * When a verb resolves, what it wrote is durable. Every verb may throw {@link StoreUnavailable}. Then nothing was
 * written, or the database did not confirm it.
 */
export interface Store
  extends UserStore,
    SessionStore,
    RevocationStore,
    KeyStore,
    ClientStore,
    OneTimeSecretStore,
    LimitStore,
    SecondFactorStore,
    OutboxStore,
    NodeStateStore,
    StatisticsStore,
    AuditStore,
    AuditChainStore {
  /**
   * Removes up to `limit` rows that have no effect any longer at `now`: sessions, one-time secrets and log entries past
   * their `expiresAt`, buckets of attempts past their `endsAt`, mails past their `keepUntil`, and the audit events whose
   * id sorts before `eventsBefore`, if that is given.
   * @returns `removed` = `limit`: there may be more
   */
  purgeExpired(args: {
    now: number;
    limit: number;
    eventsBefore?: string;
  }): Promise<{ removed: number }>;

  /** Resolves when the database answers. */
  ping(): Promise<void>;

  /**
   * Writes what a sign-in writes and removes it in the same transaction, so that it is never visible. Resolves if
   * the database takes sign-ins: it is neither read-only nor full, and has every table and permission they need.
   */
  tryWriting(args: { user: UserRecord; session: Session; event: AuditEvent }): Promise<void>;

  /** Finishes the calls under way, then closes the database. */
  close(): Promise<void>;
}
