import type { AuthContext } from '../../context.ts';
import type { RootKey } from '../../keys/root-keys.ts';
import { CHAIN_STATE, type EventRecord, type EventSeal } from '../../ports/audit-chain.ts';
import type { Fence } from '../../ports/node-state.ts';
import { CHAIN_START, createEventMac, createLink, describeEvent } from './chain-link.ts';
import {
  addCheckpoint,
  type ChainState,
  createChainState,
  readState,
  rootOf,
  signState,
} from './chain-state.ts';
import { findOwner, hidePersonal, isProven } from './event-proof.ts';

/** What a call found and did. */
export interface Sealed {
  /** How many events it sealed. */
  readonly count: number;
  /** Whether there may be more. */
  readonly hasMore: boolean;
  /** Whether this node has lost the lease. */
  readonly isRefused: boolean;
}

/**
 * Numbers the events that are not sealed and links them to the chain. It goes by what is not sealed, and never by the
 * order of ids: an event gets its id before it is committed, so one with a lower id may appear later. Such an event
 * gets a higher number, and none is lost.
 */
export class EventSealer {
  readonly #context: AuthContext;
  /** The greatest number that this process has seen. If the stored one is lower, the state was set back. */
  #highest = 0;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** Finds an event that is not sealed. @throws {StoreUnavailable} */
  async findUnsealed(): Promise<string | undefined> {
    return (await this.#context.store.readUnsealed({ limit: 1 })).records[0]?.id;
  }

  /**
   * Seals up to `limit` events, if the lease of the `fence` is still held.
   * @throws {StoreUnavailable}
   */
  async seal(fence: Fence, limit: number): Promise<Sealed> {
    const { store, clock, random, dataRoots } = this.#context;
    const { state: expected, lastSeq, records } = await store.readUnsealed({ limit });
    if (records.length === 0) return { count: 0, hasMore: false, isRefused: false };
    const roots = dataRoots();
    const root = requireNewest(roots);
    const sealedAt = clock.now();
    const before = this.#continue(expected, lastSeq, roots);
    let { head, adoptedUpTo } = before;
    const seals: EventSeal[] = [];
    for (const record of records) {
      const seq = head.seq + 1;
      const unproven = isProven(record, roots) ? null : hidePersonal(record, random);
      const content = describeEvent({ ...record, ...unproven }, seq, sealedAt, unproven === null);
      const mac = createEventMac(root, head.mac, content);
      head = { seq, mac, link: createLink(head.link, mac, content) };
      if (before.isAdopting && unproven !== null) adoptedUpTo = seq;
      seals.push({ id: record.id, seq, mac, unproven });
    }
    const hasMore = records.length === limit;
    const after = { ...before, head, adoptedUpTo, isAdopting: before.isAdopting && hasMore };
    const { status } = await store.sealEvents({
      fence,
      expected,
      state: signState(after, root),
      seals,
      owners: records.filter(hasPersonal).flatMap((it) => findOwner(it) ?? []),
      sealedAt,
    });
    if (status !== 'sealed') {
      return { count: 0, hasMore: status === 'outdated', isRefused: status === 'lease lost' };
    }
    this.#highest = head.seq;
    return { count: seals.length, hasMore, isRefused: false };
  }

  /**
   * Adds a checkpoint under the newest root key, if the chain ends under an earlier one. The process that replaces the
   * root key calls it, because the earlier key will not be there for long.
   * @throws {StoreUnavailable}
   */
  async followRoots(): Promise<void> {
    const { store, clock, dataRoots } = this.#context;
    for (let isDone = false; !isDone; ) {
      const { state: expected } = await store.readSealed({ after: 0, limit: 1 });
      const roots = dataRoots();
      const stored = readState(expected, roots, clock.now());
      if (stored.status !== 'signed') return;
      const root = requireNewest(roots);
      const state = this.#follow(stored.state, root);
      if (state === stored.state) return;
      const value = signState(state, root);
      // Another node may have sealed meanwhile.
      isDone = (await store.compareAndSet({ name: CHAIN_STATE, expected, value })) === value;
    }
  }

  /** The state to go on from. A chain that cannot be continued gets a checkpoint that says so. */
  #continue(stored: string, lastSeq: number, roots: readonly RootKey[]): ChainState {
    const now = this.#context.clock.now();
    const root = requireNewest(roots);
    const found = readState(stored, roots, now);
    if (found.status === 'none' && lastSeq === 0 && this.#highest === 0) {
      return createChainState(root, now);
    }
    const known = 'state' in found ? found.state : undefined;
    const seq = Math.max(lastSeq, known?.head.seq ?? 0, this.#highest);
    if (known !== undefined && found.status === 'signed' && known.head.seq === seq) {
      return this.#follow(known, root);
    }
    // What was signed can still be verified up to here.
    const kept = found.status === 'signed' ? found.state : undefined;
    const checkpoints = kept?.checkpoints ?? [];
    return addCheckpoint(
      { checkpoints, adoptedUpTo: kept?.adoptedUpTo ?? 0, isAdopting: false },
      { ...CHAIN_START, seq },
      { cause: 'break', root: root.id, at: now },
    );
  }

  #follow(state: ChainState, root: RootKey): ChainState {
    if (rootOf(state) === root.id) return state;
    const at = this.#context.clock.now();
    return addCheckpoint(state, state.head, { cause: 'secret', root: root.id, at });
  }
}

function hasPersonal({ address, userAgent, salt }: EventRecord): boolean {
  return address !== null || userAgent !== null || salt !== null;
}

function requireNewest([root]: readonly RootKey[]): RootKey {
  if (root === undefined) throw new Error('There is no root key for data.');
  return root;
}
