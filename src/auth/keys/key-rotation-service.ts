import { setTimeout as wait } from 'node:timers/promises';
import { type Algorithm, isAlgorithm } from '../../jwt/algorithms.ts';
import { generateSigningKeyAside } from '../../jwt/keys/import-keys.ts';
import { RecordNotFound } from '../../kernel/errors.ts';
import { MAX_SUBJECT_LENGTH } from '../../revocation/revocation-wire.ts';
import { applicationCaller, type Caller, systemCaller } from '../audit/caller.ts';
import type { AuditChanges, AuditEvent } from '../audit/event.ts';
import { type AuthContext, findIssuedUntil, raiseLongestAccessTtl } from '../context.ts';
import type { KeyChange } from '../ports/keys.ts';
import { REVOCATION_MARGIN } from '../settings.ts';
import type { ActiveKeySet } from './active-key-set.ts';
import {
  findForgotten,
  isSuccessorDue,
  planAbandonment,
  planRevocation,
  planSuccession,
} from './key-plans.ts';
import { findNext, isAccepted, ofAlgorithm } from './key-status.ts';
import {
  CLOCK_DIFFERENCE,
  type OpenState,
  type SealedKeyRepository,
} from './sealed-key-repository.ts';
import { planCancel, planFinish, planSecretRotation, type SecretRotation } from './secret-plans.ts';
import type { StoredKey } from './stored-key.ts';

/** How long a node may be down and still find the key of its algorithm; ms. */
const PATIENCE = 3_600_000;

/** Replaces, revokes and removes keys, in the database that all nodes share. */
export class KeyRotationService {
  readonly #context: AuthContext;
  readonly #vault: SealedKeyRepository;
  readonly #keys: ActiveKeySet;
  /** Of the keys this node signs with; undefined where the host gave it one. */
  readonly #algorithm: Algorithm | undefined;
  /** Seconds; read before each change. */
  #longestAccessTtl: number;

  constructor(context: AuthContext, vault: SealedKeyRepository, keys: ActiveKeySet) {
    const { settings } = context;
    this.#context = context;
    this.#vault = vault;
    this.#keys = keys;
    this.#longestAccessTtl = settings.accessTokenTtl;
    this.#algorithm = settings.signingKey === undefined ? settings.algorithm : undefined;
  }

  /** All stored keys, those that were retired or revoked of late included. */
  async list(): Promise<readonly StoredKey[]> {
    await this.#vault.load();
    return this.#vault.state.keys;
  }

  /**
   * Publishes a new key, which signs when the lead is over, and lets the one before it retire. Where one
   * is published already and still to sign, that one is answered.
   * @param now signs as soon as our own nodes know it. Verifiers that keep the JWKS must ask again for a
   *   key they do not know. One that is published already is brought forward
   */
  async rotate(
    { algorithm, now: isUrgent }: { algorithm: Algorithm; now: boolean },
    caller: Caller = applicationCaller,
  ): Promise<StoredKey> {
    let answer: StoredKey | undefined;
    await this.#change(async ({ keys }) => {
      const now = this.#context.clock.now();
      const pending = findNext(ofAlgorithm(keys, algorithm), now);
      const { notice, lead } = this.#context.settings.keyRotation;
      const activeAt = now + (isUrgent ? notice : lead) * 1000;
      answer = pending;
      if (pending !== undefined && (!isUrgent || pending.activeAt <= activeAt)) return undefined;
      answer =
        pending === undefined ? await this.#make(algorithm, activeAt) : { ...pending, activeAt };
      const event = this.#createEvent('key_rotated', answer, caller);
      return { keys: planSuccession(keys, answer, now, this.#life()), event };
    });
    if (answer === undefined) throw new Error('No key was decided upon.');
    return answer;
  }

  /**
   * Refuses all tokens of a leaked key: here at once, everywhere within a second. If it was in force,
   * another key signs as soon as our nodes know it; sessions live on.
   * @throws {NotFound}
   */
  async revoke(kid: string, caller: Caller = applicationCaller): Promise<void> {
    await this.#change(async ({ keys }) => {
      const leaked = keys.find((key) => key.kid === kid);
      if (leaked === undefined) {
        throw new RecordNotFound('There is no such key. See which there are: latchkey keys list');
      }
      if (leaked.revokedAt !== null) return undefined;
      const now = this.#context.clock.now();
      const life = this.#life();
      const soon = now + this.#context.settings.keyRotation.notice * 1000;
      const make = () => this.#make(parseAlgorithm(leaked.algorithm), soon);
      const issuedUntil = findIssuedUntil(this.#context.clock);
      const entry = { kind: 'key', subject: kid, version: 0, issuedUntil } as const;
      return {
        keys: await planRevocation(keys, leaked, { now, soon, life, make }),
        revocations: [entry],
        event: this.#createEvent('key_revoked', leaked, caller),
      };
    });
  }

  /**
   * Lets another secret open the keys, beside the one in use. Nodes go on with either until
   * {@link finishSecretRotation}.
   * @throws {InvalidInput} when it is the same, or another rotation is under way
   */
  async rotateSecret(rotation: SecretRotation, caller: Caller = applicationCaller): Promise<void> {
    const { clock, random, settings } = this.#context;
    const { compromised } = rotation;
    const event = this.#createSecretEvent('secret_rotated', caller, { compromised });
    await this.#change(async (state) => {
      const now = clock.now();
      const { lead } = settings.keyRotation;
      const plan = planSecretRotation(state, this.#vault.opener, rotation, { now, lead, random });
      if (plan === undefined) return undefined;
      const { envelopes, roots } = plan;
      if (roots === undefined) return { envelopes, event };
      const resealed = { ...state, keys: this.#vault.resealKeys(state, roots) };
      const keys = await this.#succeedAll(resealed, roots);
      // Whoever can open the old root key for data could derive them. All that is sealed under that key must be
      // sealed again here as well; there is nothing yet.
      return { envelopes, keys, endsOneTimeSecrets: true, event };
    });
  }

  /**
   * Ends the overlap: only the secret in use opens the keys from now on, and refresh tokens under an
   * earlier root key are refused. Right after a root key was replaced it first waits for `keyRotation.notice`:
   * a node that has not read the new one by then would be left without any.
   * @returns false where nothing was left to end
   * @throws {InvalidInput} when the secret in use is the one that was replaced
   */
  async finishSecretRotation(caller: Caller = applicationCaller): Promise<boolean> {
    const event = this.#createSecretEvent('secret_rotation_finished', caller);
    return await this.#change(async (state) => {
      const { clock, random, settings } = this.#context;
      const plan = planFinish(state, this.#vault.opener, random);
      const rotatedAt = Math.max(...state.envelopes.map(({ createdAt }) => createdAt));
      const noticeMs = settings.keyRotation.notice * 1000;
      const waitMs = Math.min(rotatedAt + noticeMs - clock.now(), noticeMs);
      const isRootReplaced = state.roots.tokens.length > 1;
      if (plan !== undefined && isRootReplaced && waitMs > 0) await wait(waitMs);
      return plan === undefined ? undefined : { ...plan, event };
    });
  }

  /**
   * Takes back a rotation: only the secret in use, the old one, opens the keys from now on.
   * @returns false where there was none to take back
   * @throws {InvalidInput} when the root key was replaced with the secret
   */
  async cancelSecretRotation(caller: Caller = applicationCaller): Promise<boolean> {
    const event = this.#createSecretEvent('secret_rotation_cancelled', caller);
    return await this.#change((state) => {
      const plan = planCancel(state, this.#vault.opener, this.#context.random);
      return plan === undefined ? undefined : { ...plan, event };
    });
  }

  /** Makes sure that there is a key of this node's algorithm, or one of another and that one soon. */
  async ensureKey(): Promise<void> {
    const algorithm = this.#algorithm;
    if (algorithm === undefined) return;
    await this.#tellUse(algorithm, this.#context.clock.now());
    await this.#change(async ({ keys }) => {
      const now = this.#context.clock.now();
      const { lead } = this.#context.settings.keyRotation;
      // Its age is left to upkeep.
      if (!isSuccessorDue(keys, algorithm, now, { interval: null, lead })) return undefined;
      const isFirst = !keys.some((key) => isAccepted(key, now));
      const activeAt = isFirst ? now - CLOCK_DIFFERENCE : now + lead * 1000;
      return {
        keys: planSuccession(keys, await this.#make(algorithm, activeAt), now, this.#life()),
      };
    });
  }

  /** What is due by the clock. To be called by every node about once a minute; one of them does it. */
  async maintain(): Promise<void> {
    const lastUses = await this.#readUses();
    await this.#change(async ({ keys, envelopes }) => {
      const now = this.#context.clock.now();
      const life = this.#life();
      const { keyRotation } = this.#context.settings;
      const patience = Math.max(PATIENCE, keyRotation.lead * 2_000);
      const due: StoredKey[] = planAbandonment(keys, lastUses, { now, life, patience });
      const algorithm = this.#algorithm;
      const isDue = algorithm !== undefined && isSuccessorDue(keys, algorithm, now, keyRotation);
      let next: StoredKey | undefined;
      if (isDue) {
        next = await this.#make(algorithm, now + keyRotation.lead * 1000);
        due.push(...planSuccession(keys, next, now, life));
      }
      const removedKeys = findForgotten(keys, now);
      const removedEnvelopes = envelopes
        .filter(({ endsAt }) => endsAt !== null && endsAt <= now)
        .map(({ id }) => id);
      if (due.length + removedKeys.length + removedEnvelopes.length === 0) return undefined;
      const event =
        next === undefined
          ? {}
          : { event: this.#createEvent('key_rotated', next, systemCaller('key-rotation')) };
      return { keys: due, removedKeys, removedEnvelopes, ...event };
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

  #createSecretEvent(
    type: 'secret_rotated' | 'secret_rotation_finished' | 'secret_rotation_cancelled',
    caller: Caller,
    changes?: AuditChanges,
  ): AuditEvent {
    const subject = { kind: 'secret', id: null } as const;
    const event = changes === undefined ? { type, subject } : { type, subject, changes };
    return this.#context.createEvent(event, caller);
  }

  /** A successor for each algorithm that signs. */
  async #succeedAll({ keys }: OpenState, roots: OpenState['roots']): Promise<readonly StoredKey[]> {
    const now = this.#context.clock.now();
    const activeAt = now + this.#context.settings.keyRotation.lead * 1000;
    const written = new Map(keys.map((key) => [key.kid, key]));
    const lasting = keys.filter(({ retiredAt }) => retiredAt === null);
    for (const algorithm of new Set(lasting.map((key) => key.algorithm))) {
      const next = await this.#make(parseAlgorithm(algorithm), activeAt, roots);
      for (const key of planSuccession(keys, next, now, this.#life())) written.set(key.kid, key);
    }
    return [...written.values()];
  }

  /** Changes keys, and lets all nodes know. @returns whether there was something to do */
  async #change(
    decide: (state: OpenState) => KeyChange | undefined | Promise<KeyChange | undefined>,
  ): Promise<boolean> {
    const { clock, log, store, settings } = this.#context;
    this.#longestAccessTtl = await raiseLongestAccessTtl(store, settings);
    const createNews = (keys: readonly StoredKey[]) => ({
      kind: 'keys' as const,
      subject: nameKeys(keys.filter((key) => isAccepted(key, clock.now()))),
      version: 0,
      issuedUntil: findIssuedUntil(clock),
    });
    const written = await this.#vault.change(async (state) => {
      const change = await decide(state);
      if (change === undefined) return undefined;
      const { envelopes = [], removedEnvelopes = [] } = change;
      const changesRoots = envelopes.length + removedEnvelopes.length > 0;
      // Nobody has to hear of the first key: every node reads it at its start. Envelopes are different:
      // a node with a signing key of its own stores no keys, and yet must hear of a new root key.
      if (state.keys.length === 0 && !changesRoots) return change;
      return {
        ...change,
        revocations: [...(change.revocations ?? []), createNews(change.keys ?? [])],
      };
    });
    log.apply(written ?? []);
    // Time alone changes which keys are accepted, too.
    this.#keys.settle();
    return written !== undefined;
  }

  async #make(
    algorithm: Algorithm,
    activeAt: number,
    roots?: OpenState['roots'],
  ): Promise<StoredKey> {
    const key = await generateSigningKeyAside(algorithm);
    return this.#vault.sealKey(key, { createdAt: this.#context.clock.now(), activeAt }, roots);
  }

  /** How long what a key signed may be accepted, in ms, and for clocks that step some more. */
  #life(): number {
    return this.#longestAccessTtl * 1000 + REVOCATION_MARGIN;
  }

  /** Tells that a node signs by this algorithm, and learns when one did last. */
  #tellUse(algorithm: string, now: number): Promise<number> {
    return this.#context.store.setMax({ name: `algorithm_used:${algorithm}`, value: now });
  }

  async #readUses(): Promise<ReadonlyMap<string, number>> {
    const uses = new Map<string, number>();
    const now = this.#context.clock.now();
    if (this.#algorithm === undefined) return uses;
    uses.set(this.#algorithm, await this.#tellUse(this.#algorithm, now));
    for (const { algorithm, retiredAt } of this.#vault.state.keys) {
      if (retiredAt !== null || uses.has(algorithm)) continue;
      uses.set(algorithm, await this.#tellUse(algorithm, 0));
    }
    return uses;
  }
}

/** The ids of keys, so that a guard knows when it has them; empty where they do not fit into an entry. */
function nameKeys(keys: readonly StoredKey[]): string {
  const names = keys.map(({ kid }) => kid).join(' ');
  return names.length <= MAX_SUBJECT_LENGTH ? names : '';
}

function parseAlgorithm(name: string): Algorithm {
  if (isAlgorithm(name)) return name;
  throw new Error('A stored key has an algorithm nobody knows.');
}
