import { importSigningKey } from '../../jwt/keys/import-keys.ts';
import { exportPrivateJwk } from '../../jwt/keys/jwk.ts';
import type { SigningKey } from '../../jwt/keys/key-types.ts';
import type { Clock } from '../../kernel/clock.ts';
import { InvalidSetting, StoreUnavailable } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/random.ts';
import type { Revocation } from '../../revocation/revocation.ts';
import type { KeyChange, KeySnapshot } from '../ports/keys.ts';
import type { Store } from '../ports/store.ts';
import type { Envelope } from './envelope.ts';
import {
  createEnvelope,
  createRootKey,
  deriveRootKey,
  type KeyEncryptionKey,
  nameEnvelope,
  openDataRoots,
  openerOfRoot,
  openerOfSecret,
  openRoots,
  type RootKey,
  type Roots,
} from './root-keys.ts';
import { seal, unseal } from './sealing.ts';
import { parseStoredAlgorithm, type StoredKey } from './stored-key.ts';

/**
 * The first keys of a database are dated back by this much. Nodes that start together must agree on them although
 * their clocks differ: a node whose clock is behind must not take a key of another node for one that is yet to sign.
 */
export const CLOCK_DIFFERENCE_MS = 600_000;

const SEALING = 'signing keys v1';
/** How often a change is decided again because another node was faster. */
const ATTEMPTS = 20;

/** The keys as stored, with the root keys that this node has opened. */
export interface OpenState extends KeySnapshot {
  readonly roots: Roots;
}

/**
 * Reads, opens and seals the keys in the database, and writes changes unless another node was faster. Callers decide
 * what to change.
 */
export class SealedKeyRepository {
  readonly opener: KeyEncryptionKey;
  readonly #store: Store;
  readonly #random: Random;
  readonly #opened = new Map<string, SigningKey>();
  #state: OpenState | undefined;
  #isShutOut = false;

  private constructor(opener: KeyEncryptionKey, store: Store, random: Random) {
    this.opener = opener;
    this.#store = store;
    this.#random = random;
  }

  /**
   * Opens the keys of a database, or makes its first root keys and stores them.
   * @throws {InvalidSetting} when the secret is not one of this database
   * @throws {StoreUnavailable}
   */
  static async open(options: {
    store: Store;
    secret: string;
    clock: Clock;
    random: Random;
  }): Promise<SealedKeyRepository> {
    const { store, clock, random } = options;
    const repository = new SealedKeyRepository(openerOfSecret(options.secret), store, random);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { version, envelopes } = await store.readKeys();
      const missing = repository.#createMissing(envelopes, clock.now());
      if (missing.length === 0) break;
      // If another node was faster, its root keys are used.
      await store.changeKeys({ version, envelopes: missing });
    }
    await repository.load();
    return repository;
  }

  /**
   * Makes the envelopes that the database lacks: all of them if it is empty, those for data if an earlier version made
   * it, and the one that the root key for tokens opens if it was just restored.
   * @throws {InvalidSetting} when the secret does not open the envelopes that are there
   */
  #createMissing(envelopes: readonly Envelope[], now: number): Envelope[] {
    const { opener } = this;
    const random = this.#random;
    const times = { createdAt: now, endsAt: null };
    const find = (id: string) => envelopes.find((it) => it.id === id);
    const hasKind = (kind: Envelope['kind']) => envelopes.some((it) => it.kind === kind);
    const tokens = hasKind('tokens')
      ? openRoots(envelopes, opener, [])
      : [createRootKey(now - CLOCK_DIFFERENCE_MS, random)];
    if (tokens === undefined) throw shutOut();
    const data = hasKind('data')
      ? openDataRoots(envelopes, opener, tokens)
      : [createRootKey(now, random)];
    const [newest] = tokens;
    if (data === undefined || newest === undefined) throw shutOut();
    const missing: Envelope[] = [];
    const own = find(opener.id);
    if (own === undefined) missing.push(createEnvelope('tokens', opener, tokens, times, random));
    if (find(nameEnvelope('data', opener)) === undefined) {
      // It ends when its secret ends.
      const endsAt = own?.endsAt ?? null;
      missing.push(createEnvelope('data', opener, data, { ...times, endsAt }, random));
    }
    const root = openerOfRoot(newest);
    if (find(nameEnvelope('data', root)) === undefined) {
      missing.push(createEnvelope('data', root, data, times, random));
    }
    return missing;
  }

  /**
   * The root keys, the newest first.
   * @throws {StoreUnavailable} when this node cannot tell which root keys are still in use
   */
  get roots(): Roots {
    // The attack: refresh tokens that a thief signs under a stolen root key. A node that missed its replacement
    // would accept them.
    this.assertOpen();
    return this.state.roots;
  }

  get state(): OpenState {
    if (this.#state === undefined) throw new Error('The keys were not loaded.');
    return this.#state;
  }

  /** Reads the keys again. @throws {InvalidSetting} when the secret no longer opens them @throws {StoreUnavailable} */
  async load(): Promise<void> {
    const stored = await this.#store.readKeys();
    // If two reads run at the same time, the older result may arrive last.
    if (stored.version < (this.#state?.version ?? 0)) return;
    const roots = this.#openRoots(stored);
    this.#isShutOut = roots === undefined;
    if (roots === undefined) throw shutOut();
    this.#state = { ...stored, roots };
    const kids = new Set(stored.keys.map(({ kid }) => kid));
    for (const kid of this.#opened.keys()) if (!kids.has(kid)) this.#opened.delete(kid);
  }

  /** @returns undefined if this node cannot open all the keys that the others use */
  #openRoots({ envelopes, keys }: KeySnapshot): Roots | undefined {
    const tokens = openRoots(envelopes, this.opener, this.#state?.roots.tokens ?? []);
    if (tokens === undefined || keys.some((key) => findRoot(tokens, key) === undefined)) {
      return undefined;
    }
    const data = openDataRoots(envelopes, this.opener, tokens);
    return data && { tokens, data };
  }

  /**
   * Reads the keys, has a change decided, and writes it. If another node changed the keys meanwhile, it starts again.
   * @param decide returns undefined if there is nothing to change
   * @returns the revocations that were written, or undefined if nothing was
   * @throws {StoreUnavailable}
   */
  async change(
    decide: (state: OpenState) => KeyChange | undefined | Promise<KeyChange | undefined>,
  ): Promise<readonly Revocation[] | undefined> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      await this.load();
      const change = await decide(this.state);
      if (change === undefined) return undefined;
      const done = await this.#store.changeKeys({ version: this.state.version, ...change });
      if (done.status === 'outdated') continue;
      await this.load();
      return done.revocations;
    }
    throw new StoreUnavailable('Too many nodes are changing the keys. Try again.');
  }

  /** @throws {StoreUnavailable} when this node cannot read the keys that the others use */
  assertOpen(): void {
    if (!this.#isShutOut) return;
    throw new StoreUnavailable(
      'The secret was replaced, and this server still has the old one. Start it again with the new LATCHKEY_SECRET.',
    );
  }

  /** Opens a stored key. */
  openKey(stored: StoredKey): SigningKey {
    const known = this.#opened.get(stored.kid);
    if (known !== undefined) return known;
    const key = openKey(stored, this.state.roots.tokens);
    this.#opened.set(key.kid, key);
    return key;
  }

  /** Seals a new key. Nothing is stored. @param roots to seal it under. Default: those in use */
  sealKey(
    key: SigningKey,
    times: Pick<StoredKey, 'createdAt' | 'activeAt'>,
    roots = this.state.roots,
  ): StoredKey {
    const { kid, algorithm } = key;
    return {
      kid,
      algorithm,
      sealedPrivateJwk: this.#seal(kid, JSON.stringify(exportPrivateJwk(key)), roots),
      ...times,
      retiredAt: null,
      revokedAt: null,
    };
  }

  /** Seals stored keys again, under the newest of other root keys. */
  resealKeys({ keys, roots: old }: OpenState, roots: Roots): StoredKey[] {
    return keys.map((key) => ({
      ...key,
      sealedPrivateJwk: this.#seal(key.kid, unsealKey(key, old.tokens), roots),
    }));
  }

  #seal(kid: string, jwk: string, { tokens: [root] }: Roots): string {
    if (root === undefined) throw new Error('There is no root key.');
    return `${root.id}.${seal(deriveRootKey(root, SEALING), jwk, kid, this.#random)}`;
  }
}

function openKey(stored: StoredKey, roots: readonly RootKey[]): SigningKey {
  return importSigningKey(unsealKey(stored, roots), parseStoredAlgorithm(stored), stored.kid);
}

function unsealKey(stored: StoredKey, roots: readonly RootKey[]): string {
  const root = findRoot(roots, stored);
  if (root === undefined) throw shutOut();
  const [, sealed = ''] = stored.sealedPrivateJwk.split('.', 2);
  return unseal(deriveRootKey(root, SEALING), sealed, stored.kid);
}

function findRoot(roots: readonly RootKey[], { sealedPrivateJwk }: StoredKey): RootKey | undefined {
  const [id] = sealedPrivateJwk.split('.', 1);
  return roots.find((root) => root.id === id);
}

function shutOut(): InvalidSetting {
  return new InvalidSetting(
    'LATCHKEY_SECRET',
    'is not the secret of this database, so its keys and sessions cannot be used.',
    'Set the secret that the other nodes use, or the one that a restored backup was made under, or start with an empty database.',
  );
}
