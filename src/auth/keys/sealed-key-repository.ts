import { isAlgorithm, isSymmetric } from '../../jwt/algorithms.ts';
import {
  exportPrivateJwk,
  importSigningKey,
  type SigningKey,
  toPublicJwk,
} from '../../jwt/keys/import-keys.ts';
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
import type { StoredKey } from './stored-key.ts';

/**
 * Nodes that start at once must agree on the first keys, though their clocks differ: to one whose clock
 * is behind, the keys of another must not seem to be still to come. ms.
 */
export const CLOCK_DIFFERENCE = 600_000;

const SEALING = 'signing keys v1';
/** How often a change is decided anew because somebody else was faster. */
const ATTEMPTS = 20;

/** What this node knows of keys: as stored, and opened. */
export interface OpenState extends KeySnapshot {
  readonly roots: Roots;
}

/**
 * The keys in the database, for who holds its secret. It knows how they are sealed and that changes must
 * not collide; what to change is decided elsewhere.
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
   * Opens the keys of a database, or makes its first root keys.
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
    const vault = new SealedKeyRepository(openerOfSecret(options.secret), store, random);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { version, envelopes } = await store.readKeys();
      const missing = vault.#createMissing(envelopes, clock.now());
      if (missing.length === 0) break;
      // Where another node was faster, its root keys are the ones.
      await store.changeKeys({ version, envelopes: missing });
    }
    await vault.load();
    return vault;
  }

  /**
   * The envelopes that a start lacks: all of them in an empty database, those of data in one made by an earlier
   * version, and the one for its root key for tokens in one that was just restored.
   * @throws {InvalidSetting} when the secret does not open those that are there
   */
  #createMissing(envelopes: readonly Envelope[], now: number): Envelope[] {
    const { opener } = this;
    const random = this.#random;
    const times = { createdAt: now, endsAt: null };
    const find = (id: string) => envelopes.find((it) => it.id === id);
    const hasKind = (kind: Envelope['kind']) => envelopes.some((it) => it.kind === kind);
    const tokens = hasKind('tokens')
      ? openRoots(envelopes, opener, [])
      : [createRootKey(now - CLOCK_DIFFERENCE, random)];
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
      // It ends with the secret that is its opener.
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
    // The attack: a node that has lost track of a rotation would accept refresh tokens that were forged
    // under the stolen root key.
    this.assertOpen();
    return this.state.roots;
  }

  get state(): OpenState {
    if (this.#state === undefined) throw new Error('The vault was not opened.');
    return this.#state;
  }

  /** Reads the keys again. @throws {InvalidSetting} when the secret does not open them any more */
  async load(): Promise<void> {
    const stored = await this.#store.readKeys();
    // Of two readings at once, the one that began first may come last.
    if (stored.version < (this.#state?.version ?? 0)) return;
    const roots = this.#openRoots(stored);
    this.#isShutOut = roots === undefined;
    if (roots === undefined) throw shutOut();
    this.#state = { ...stored, roots };
    const kids = new Set(stored.keys.map(({ kid }) => kid));
    for (const kid of this.#opened.keys()) if (!kids.has(kid)) this.#opened.delete(kid);
  }

  /** @returns undefined where this node cannot read all that the others use */
  #openRoots({ envelopes, keys }: KeySnapshot): Roots | undefined {
    const tokens = openRoots(envelopes, this.opener, this.#state?.roots.tokens ?? []);
    if (tokens === undefined || keys.some((key) => findRoot(tokens, key) === undefined)) {
      return undefined;
    }
    const data = openDataRoots(envelopes, this.opener, tokens);
    return data && { tokens, data };
  }

  /**
   * Decides on the state as it is and writes what was decided, again where another node changed something
   * meanwhile.
   * @param decide answers undefined where there is nothing to do
   * @returns the revocations it wrote, or undefined where nothing was done
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
    throw new StoreUnavailable('Too many change the keys at once. Try again.');
  }

  /** @throws {StoreUnavailable} when this node cannot read the keys that the others use */
  assertOpen(): void {
    if (!this.#isShutOut) return;
    throw new StoreUnavailable(
      'The secret was replaced, and this server still has the old one. Start it again with the new LATCHKEY_SECRET.',
    );
  }

  openKey(stored: StoredKey): SigningKey {
    const known = this.#opened.get(stored.kid);
    if (known !== undefined) return known;
    const key = openKey(stored, this.state.roots.tokens);
    this.#opened.set(key.kid, key);
    return key;
  }

  sealKey(
    key: SigningKey,
    times: Pick<StoredKey, 'createdAt' | 'activeAt'>,
    roots = this.state.roots,
  ): StoredKey {
    const { kid, algorithm } = key;
    return {
      kid,
      algorithm,
      publicJwk: isSymmetric(algorithm) ? null : JSON.stringify(toPublicJwk(key)),
      sealedPrivateJwk: this.#seal(kid, JSON.stringify(exportPrivateJwk(key)), roots),
      ...times,
      retiredAt: null,
      revokedAt: null,
    };
  }

  /** The same keys, sealed under the newest of other root keys. */
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
  const { kid, algorithm } = stored;
  if (!isAlgorithm(algorithm)) throw new Error('A stored key has an algorithm nobody knows.');
  return importSigningKey(unsealKey(stored, roots), algorithm, kid);
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
