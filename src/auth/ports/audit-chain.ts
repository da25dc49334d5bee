import type { AuditEvent } from '../audit/event.ts';
import type { Fence } from './node-state.ts';

/** An audit event as it is stored, with its place in the chain. The chain is made of these members, so none is parsed. */
export interface EventRecord {
  readonly id: string;
  readonly at: number;
  readonly type: string;
  readonly userId: string | null;
  readonly sessionId: string | null;
  readonly address: string | null;
  readonly userAgent: string | null;
  readonly subject: string | null;
  readonly subjectKind: string | null;
  readonly actorKind: string | null;
  readonly actorId: string | null;
  readonly reason: string | null;
  /** JSON text. */
  readonly changes: string | null;
  readonly salt: string | null;
  readonly digest: string | null;
  readonly origin: string | null;
  /** Null, like the other two: not sealed yet. */
  readonly seq: number | null;
  readonly mac: string | null;
  readonly sealedAt: number | null;
}

/** What sealing adds to an event. */
export interface EventSeal {
  readonly id: string;
  readonly seq: number;
  readonly mac: string;
  /**
   * Null: a server of this database wrote the event. If none did, the event loses its `origin`, and these stand for
   * its personal fields from now on.
   */
  readonly unproven: Pick<EventRecord, 'salt' | 'digest'> | null;
}

/** Whose personal fields an event has. */
export interface EventOwner {
  readonly eventId: string;
  readonly userId: string;
}

/** The verbs for the chain of audit events. Its state is a value of the shared state under {@link CHAIN_STATE}. */
export interface AuditChainStore {
  /**
   * Reads the state of the chain, and events that are not sealed, in the order of their ids.
   * @returns `state`: `''` if there is none; `lastSeq`: the greatest number of an event, 0 if there is none
   */
  readUnsealed(args: {
    limit: number;
  }): Promise<{ state: string; lastSeq: number; records: EventRecord[] }>;

  /**
   * Seals events and replaces the state of the chain. Does neither if the caller has lost its lease, or if the state
   * is not `expected`. Events whose owner was deleted meanwhile lose their personal fields.
   * @throws {StoreUnavailable} also when one of the events is gone or sealed
   */
  sealEvents(args: {
    fence: Fence;
    expected: string;
    state: string;
    seals: readonly EventSeal[];
    owners: readonly EventOwner[];
    /** ms since the epoch. */
    sealedAt: number;
  }): Promise<{ status: 'sealed' | 'lease lost' | 'outdated' }>;

  /** Reads the state of the chain, and sealed events after a number, in the order of the chain. */
  readSealed(args: {
    after: number;
    limit: number;
  }): Promise<{ state: string; records: EventRecord[] }>;

  /**
   * Reads sealed events that are to be delivered, in the order of the chain: those after the number in the shared state
   * under `cursor`.
   * @returns `cursor`: that number, or null if there is none, and then no event; `lastSeq`: the greatest number
   */
  readUndelivered(args: { cursor: string; limit: number }): Promise<{
    cursor: number | null;
    lastSeq: number;
    events: { seq: number; event: AuditEvent }[];
  }>;

  /** Counts the events that are not sealed. */
  countUnsealed(): Promise<{ count: number; oldestAt: number | null }>;

  /**
   * Removes the sealed events up to a number and replaces the state of the chain, unless the state is not `expected`.
   */
  cutEvents(args: {
    expected: string;
    state: string;
    upTo: number;
  }): Promise<{ status: 'cut' | 'outdated' }>;

  /**
   * Removes the personal fields of up to `limit` events of a user who was deleted, after an id. When none is left,
   * the user is no longer one of {@link findErasure}.
   * @returns the `after` of the next call, or null: nothing is left
   */
  eraseEvents(args: {
    userId: string;
    after: string;
    limit: number;
  }): Promise<{ after: string | null }>;

  /** Finds the id of a deleted user whose events may still have personal fields. */
  findErasure(): Promise<string | undefined>;
}

/** The name of the chain's state in the state that all nodes share. */
export const CHAIN_STATE = 'audit_chain';
