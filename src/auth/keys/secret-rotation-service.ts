import { setTimeout as wait } from 'node:timers/promises';
import { applicationCaller, type Caller } from '../audit/caller.ts';
import type { AuditChain } from '../audit/chain/audit-chain.ts';
import type { AuditChanges, AuditEvent } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { resealFactors } from '../credentials/second-factors/sealed-factors.ts';
import type { KeyChanger } from './key-changer.ts';
import { planSuccession } from './key-plans.ts';
import type { Roots } from './root-keys.ts';
import type { OpenState, SealedKeyRepository } from './sealed-key-repository.ts';
import { planCancel, planFinish, planSecretRotation, type SecretRotation } from './secret-plans.ts';
import { parseStoredAlgorithm, type StoredKey } from './stored-key.ts';

/** Replaces the secret that opens the keys of the database. */
export class SecretRotationService {
  readonly #context: AuthContext;
  readonly #repository: SealedKeyRepository;
  readonly #changer: KeyChanger;
  readonly #auditChain: AuditChain;

  constructor(
    context: AuthContext,
    repository: SealedKeyRepository,
    changer: KeyChanger,
    auditChain: AuditChain,
  ) {
    this.#auditChain = auditChain;
    this.#context = context;
    this.#repository = repository;
    this.#changer = changer;
  }

  /**
   * Lets another secret open the keys as well. Nodes can start with either until {@link finish}.
   * @throws {InvalidInput} when it is the secret in use, or another rotation is under way
   * @throws {StoreUnavailable}
   */
  async rotate(rotation: SecretRotation, caller: Caller = applicationCaller): Promise<void> {
    const { clock, random, settings, store } = this.#context;
    const { compromised } = rotation;
    const event = this.#createEvent('secret_rotated', caller, { compromised });
    await this.#changer.change(async (state) => {
      const now = clock.now();
      const { prepublishSeconds } = settings.keyRotation;
      const { opener } = this.#repository;
      const plan = planSecretRotation(state, opener, rotation, { now, prepublishSeconds, random });
      if (plan === undefined) return undefined;
      const { envelopes, roots } = plan;
      if (roots === undefined) return { envelopes, event };
      const withKeys = { ...state, keys: this.#repository.resealKeys(state, roots) };
      const keys = await this.#succeedAll(withKeys, roots);
      // The attack: a thief who can open the old root key for data could derive every one-time secret.
      const resealed = await resealFactors(store, roots.data, random);
      return { envelopes, keys, endsOneTimeSecrets: true, resealed, event };
    });
    // The chain of audit events goes on under the new root key, before the old one ends.
    if (compromised) await this.#auditChain.sealer.followRoots();
  }

  /**
   * Ends the overlap: only the secret in use opens the keys from now on, and refresh tokens under an earlier root
   * key are refused. Shortly after a root key was replaced it first waits for `keyRotation.urgentLeadSeconds`: a
   * node that has not read the new root key by then could open none.
   * @returns false if there was nothing to end
   * @throws {InvalidInput} when the secret in use is the one that was replaced
   * @throws {StoreUnavailable}
   */
  async finish(caller: Caller = applicationCaller): Promise<boolean> {
    const event = this.#createEvent('secret_rotation_finished', caller);
    await this.#auditChain.sealer.followRoots();
    return await this.#changer.change(async (state) => {
      const { clock, random, settings, store } = this.#context;
      const plan = planFinish(state, this.#repository.opener, random);
      const rotatedAt = Math.max(...state.envelopes.map(({ createdAt }) => createdAt));
      const leadMs = settings.keyRotation.urgentLeadSeconds * 1000;
      const waitMs = Math.min(rotatedAt + leadMs - clock.now(), leadMs);
      const isRootReplaced = state.roots.tokens.length > 1;
      if (plan !== undefined && isRootReplaced && waitMs > 0) await wait(waitMs);
      if (plan === undefined) return undefined;
      // A factor that a node added while it did not know the new root key. It could not be opened afterwards.
      const resealed = await resealFactors(store, state.roots.data, random);
      return { ...plan, resealed, event };
    });
  }

  /**
   * Takes back a rotation: only the secret in use, the old one, opens the keys from now on.
   * @returns false if there was none to take back
   * @throws {InvalidInput} when the root key was replaced with the secret
   * @throws {StoreUnavailable}
   */
  async cancel(caller: Caller = applicationCaller): Promise<boolean> {
    const event = this.#createEvent('secret_rotation_cancelled', caller);
    return await this.#changer.change((state) => {
      const plan = planCancel(state, this.#repository.opener, this.#context.random);
      return plan === undefined ? undefined : { ...plan, event };
    });
  }

  /** Makes a successor for each algorithm that signs. @returns all keys */
  async #succeedAll({ keys }: OpenState, roots: Roots): Promise<readonly StoredKey[]> {
    const now = this.#context.clock.now();
    const activeAt = now + this.#context.settings.keyRotation.prepublishSeconds * 1000;
    const written = new Map(keys.map((key) => [key.kid, key]));
    const lasting = keys.filter(({ retiredAt }) => retiredAt === null);
    for (const algorithm of new Set(lasting.map(parseStoredAlgorithm))) {
      const next = await this.#changer.make(algorithm, activeAt, roots);
      const successions = planSuccession(keys, next, now, this.#changer.acceptForMs);
      for (const key of successions) written.set(key.kid, key);
    }
    return [...written.values()];
  }

  #createEvent(
    type: 'secret_rotated' | 'secret_rotation_finished' | 'secret_rotation_cancelled',
    caller: Caller,
    changes?: AuditChanges,
  ): AuditEvent {
    const subject = { kind: 'secret', id: null } as const;
    const event = changes === undefined ? { type, subject } : { type, subject, changes };
    return this.#context.createEvent(event, caller);
  }
}
