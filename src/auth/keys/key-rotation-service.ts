import type { Algorithm } from '../../jwt/algorithms.ts';
import { RecordNotFound } from '../../kernel/errors.ts';
import { applicationCaller, type Caller, systemCaller } from '../audit/caller.ts';
import type { AuditEvent } from '../audit/event.ts';
import { type AuthContext, findIssuedUntil } from '../context.ts';
import type { KeyChanger } from './key-changer.ts';
import {
  findRemovable,
  needsSuccessor,
  planAbandonment,
  planRevocation,
  planSuccession,
} from './key-plans.ts';
import { findNext, isAccepted, ofAlgorithm } from './key-status.ts';
import { CLOCK_DIFFERENCE_MS, type SealedKeyRepository } from './sealed-key-repository.ts';
import { parseStoredAlgorithm, type StoredKey } from './stored-key.ts';

/** How long a node may be down and still find the key of its algorithm. */
const MAX_DOWNTIME_MS = 3_600_000;

/** Rotates, revokes and removes signing keys, in the database that all nodes share. */
export class KeyRotationService {
  readonly #context: AuthContext;
  readonly #repository: SealedKeyRepository;
  readonly #changer: KeyChanger;
  /** The algorithm this node signs with; undefined if the host gave it a key. */
  readonly #algorithm: Algorithm | undefined;

  constructor(context: AuthContext, repository: SealedKeyRepository, changer: KeyChanger) {
    const { settings } = context;
    this.#context = context;
    this.#repository = repository;
    this.#changer = changer;
    this.#algorithm = settings.signingKey === undefined ? settings.algorithm : undefined;
  }

  /** Lists all stored keys, also those that were retired or revoked in the last week. @throws {StoreUnavailable} */
  async list(): Promise<readonly StoredKey[]> {
    await this.#repository.load();
    return this.#repository.state.keys;
  }

  /**
   * Publishes a new key, which signs after `keyRotation.prepublishSeconds` and lets the previous one retire. If a
   * key is published already and does not sign yet, no new one is made.
   * @param options `isUrgent`: the key signs after `keyRotation.urgentLeadSeconds`, and so does one that is
   *   published already. Verifiers that cache the JWKS must fetch it again when they see an unknown `kid`
   * @returns the key that signs next
   * @throws {StoreUnavailable}
   */
  async rotate(
    { algorithm, isUrgent }: { readonly algorithm: Algorithm; readonly isUrgent: boolean },
    caller: Caller = applicationCaller,
  ): Promise<StoredKey> {
    let next: StoredKey | undefined;
    await this.#changer.change(async ({ keys }) => {
      const now = this.#context.clock.now();
      const pending = findNext(ofAlgorithm(keys, algorithm), now);
      const { urgentLeadSeconds, prepublishSeconds } = this.#context.settings.keyRotation;
      const activeAt = now + (isUrgent ? urgentLeadSeconds : prepublishSeconds) * 1000;
      next = pending;
      if (pending !== undefined && (!isUrgent || pending.activeAt <= activeAt)) return undefined;
      next =
        pending === undefined
          ? await this.#changer.make(algorithm, activeAt)
          : { ...pending, activeAt };
      const event = this.#createEvent('key_rotated', next, caller);
      return { keys: planSuccession(keys, next, now, this.#changer.acceptForMs), event };
    });
    if (next === undefined) throw new Error('No key was decided upon.');
    return next;
  }

  /**
   * Refuses all tokens of a leaked key: on this node immediately, on all nodes within a second. If the key was the
   * one that signs, another one signs as soon as our nodes know it. Sessions live on.
   * @throws {RecordNotFound}
   * @throws {StoreUnavailable}
   */
  async revoke(kid: string, caller: Caller = applicationCaller): Promise<void> {
    await this.#changer.change(async ({ keys }) => {
      const leaked = keys.find((key) => key.kid === kid);
      if (leaked === undefined) {
        throw new RecordNotFound('There is no such key. See which there are: latchkey keys list');
      }
      if (leaked.revokedAt !== null) return undefined;
      const now = this.#context.clock.now();
      const successorAt = now + this.#context.settings.keyRotation.urgentLeadSeconds * 1000;
      const make = () => this.#changer.make(parseStoredAlgorithm(leaked), successorAt);
      const issuedUntil = findIssuedUntil(this.#context.clock);
      const entry = { kind: 'key', subject: kid, version: 0, issuedUntil } as const;
      const { acceptForMs } = this.#changer;
      return {
        keys: await planRevocation(keys, leaked, { now, successorAt, acceptForMs, make }),
        revocations: [entry],
        event: this.#createEvent('key_revoked', leaked, caller),
      };
    });
  }

  /**
   * Ensures this node can sign. If only another algorithm has a key, schedules one for ours.
   * @throws {StoreUnavailable}
   */
  async ensureKey(): Promise<void> {
    const algorithm = this.#algorithm;
    if (algorithm === undefined) return;
    await this.#recordUse(algorithm, this.#context.clock.now());
    await this.#changer.change(async ({ keys }) => {
      const now = this.#context.clock.now();
      const { prepublishSeconds } = this.#context.settings.keyRotation;
      // A key that has signed for its whole interval is replaced by `maintain`.
      const rules = { intervalSeconds: null, prepublishSeconds };
      if (!needsSuccessor(keys, algorithm, now, rules)) return undefined;
      const isFirst = !keys.some((key) => isAccepted(key, now));
      const activeAt = isFirst ? now - CLOCK_DIFFERENCE_MS : now + prepublishSeconds * 1000;
      const key = await this.#changer.make(algorithm, activeAt);
      return { keys: planSuccession(keys, key, now, this.#changer.acceptForMs) };
    });
  }

  /**
   * Makes the changes that the clock asks for: rotates, retires and removes keys, and removes envelopes. Every node
   * calls this about once a minute, and one of them makes each change.
   * @throws {StoreUnavailable}
   */
  async maintain(): Promise<void> {
    const lastUses = await this.#readLastUses();
    await this.#changer.change(async ({ keys, envelopes }) => {
      const now = this.#context.clock.now();
      const { acceptForMs } = this.#changer;
      const { keyRotation } = this.#context.settings;
      const maxDowntimeMs = Math.max(MAX_DOWNTIME_MS, keyRotation.prepublishSeconds * 2_000);
      const changed = planAbandonment(keys, lastUses, { now, acceptForMs, maxDowntimeMs });
      const algorithm = this.#algorithm;
      let next: StoredKey | undefined;
      if (algorithm !== undefined && needsSuccessor(keys, algorithm, now, keyRotation)) {
        next = await this.#changer.make(algorithm, now + keyRotation.prepublishSeconds * 1000);
        changed.push(...planSuccession(keys, next, now, acceptForMs));
      }
      const removedKeys = findRemovable(keys, now);
      const removedEnvelopes = envelopes
        .filter(({ endsAt }) => endsAt !== null && endsAt <= now)
        .map(({ id }) => id);
      if (changed.length + removedKeys.length + removedEnvelopes.length === 0) return undefined;
      const event =
        next === undefined
          ? {}
          : { event: this.#createEvent('key_rotated', next, systemCaller('key-rotation')) };
      return { keys: changed, removedKeys, removedEnvelopes, ...event };
    });
  }

  #createEvent(
    type: 'key_rotated' | 'key_revoked',
    { kid, algorithm }: StoredKey,
    caller: Caller,
  ): AuditEvent {
    const subject = { kind: 'key', id: kid } as const;
    return this.#context.createEvent({ type, subject, changes: { algorithm } }, caller);
  }

  /**
   * Tells all nodes when a node used an algorithm.
   * @param at ms since the epoch; 0: only reads
   * @returns the last use; ms since the epoch
   */
  #recordUse(algorithm: string, at: number): Promise<number> {
    return this.#context.store.setMax({ name: `algorithm_used:${algorithm}`, value: at });
  }

  async #readLastUses(): Promise<ReadonlyMap<string, number>> {
    const uses = new Map<string, number>();
    const now = this.#context.clock.now();
    if (this.#algorithm === undefined) return uses;
    uses.set(this.#algorithm, await this.#recordUse(this.#algorithm, now));
    for (const { algorithm, retiredAt } of this.#repository.state.keys) {
      if (retiredAt !== null || uses.has(algorithm)) continue;
      uses.set(algorithm, await this.#recordUse(algorithm, 0));
    }
    return uses;
  }
}
