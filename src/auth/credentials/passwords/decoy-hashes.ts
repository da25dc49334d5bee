import { createHmac } from 'node:crypto';
import type { Random } from '../../../kernel/random.ts';
import { deriveRootKey, type RootKey } from '../../keys/root-keys.ts';
import type { PasswordHasher } from '../../ports/password-hasher.ts';
import type { UserStore } from '../../ports/users.ts';

/** Enough to tell shares to within three in a hundred. */
const SAMPLE_SIZE = 256;
/** Changes of shares that are smaller may be chance, and must not move an identifier to another decoy and back. */
const LEAST_CHANGE = 0.08;

interface Share {
  readonly decoy: string;
  /** From 0 to 1. */
  readonly share: number;
}

/**
 * Chooses the hash that is verified for an identifier that has none. The attack: if accounts have hashes of different
 * kinds and costs, as after an import, and every unknown identifier costs the same, the time tells who has an account.
 *
 * Each identifier has one decoy, chosen by a keyed hash of it in the proportion of what is stored, so that it looks
 * like an account whenever it is tried, on every node. A sample tells the proportion. It is drawn at the first sign-in,
 * and again in the background while there are sign-ins.
 */
export class DecoyHashes {
  readonly #parts: DecoyParts;
  #shares: Promise<readonly Share[]> | undefined;
  #isUsed = false;

  constructor(parts: DecoyParts) {
    this.#parts = parts;
  }

  /**
   * Finds the decoy of an identifier.
   * @param identifier as accounts are found by it: normalised
   * @returns undefined if no account has a hash
   * @throws {StoreUnavailable}
   */
  async find(identifier: string): Promise<string | undefined> {
    this.#isUsed = true;
    const shares = await this.#load();
    let place = this.#placeOf(identifier);
    for (const { decoy, share } of shares) {
      place -= share;
      if (place < 0) return decoy;
    }
    return shares.at(-1)?.decoy;
  }

  /** Draws another sample, if the last one was used. @throws {StoreUnavailable} */
  async refresh(): Promise<void> {
    if (!this.#isUsed) return;
    this.#isUsed = false;
    const drawn = await this.#draw();
    if (differ(await this.#load(), drawn)) this.#use(drawn);
  }

  async #load(): Promise<readonly Share[]> {
    this.#shares ??= this.#draw().then((drawn) => this.#use(drawn));
    try {
      return await this.#shares;
    } catch (error) {
      this.#shares = undefined;
      throw error;
    }
  }

  async #use(shares: readonly Share[]): Promise<readonly Share[]> {
    this.#shares = Promise.resolve(shares);
    this.#parts.hasher.expectDecoys?.(shares.map(({ decoy }) => decoy));
    return shares;
  }

  async #draw(): Promise<readonly Share[]> {
    const { store, random, hasher } = this.#parts;
    const bytes = Buffer.from(random.bytes(SAMPLE_SIZE * 4));
    const places = Array.from(
      { length: SAMPLE_SIZE },
      (_, at) => bytes.readUInt32BE(at * 4) / 2 ** 32,
    );
    const counts = new Map<string, number>();
    let total = 0;
    for (const hash of await store.samplePasswordHashes({ places })) {
      const decoy = hasher.createDecoy?.(hash);
      if (decoy === undefined) continue;
      counts.set(decoy, (counts.get(decoy) ?? 0) + 1);
      total += 1;
    }
    return [...counts].sort(byDecoy).map(([decoy, count]) => ({ decoy, share: count / total }));
  }

  /** A number from 0 to 1 that only we can compute. */
  #placeOf(identifier: string): number {
    const [root] = this.#parts.dataRoots();
    if (root === undefined) throw new Error('There is no root key for data.');
    const key = deriveRootKey(root, 'decoy hashes v1');
    return createHmac('sha256', key).update(identifier).digest().readUIntBE(0, 6) / 2 ** 48;
  }
}

/** What {@link DecoyHashes} works on. */
export interface DecoyParts {
  readonly store: Pick<UserStore, 'samplePasswordHashes'>;
  readonly hasher: Pick<PasswordHasher, 'createDecoy' | 'expectDecoys'>;
  readonly random: Random;
  readonly dataRoots: () => readonly RootKey[];
}

function byDecoy([a]: readonly [string, number], [b]: readonly [string, number]): number {
  return a < b ? -1 : 1;
}

function differ(before: readonly Share[], after: readonly Share[]): boolean {
  const decoys = new Set([...before, ...after].map(({ decoy }) => decoy));
  const shareIn = (shares: readonly Share[], decoy: string) =>
    shares.find((it) => it.decoy === decoy)?.share ?? 0;
  return [...decoys].some((decoy) => {
    const [old, now] = [shareIn(before, decoy), shareIn(after, decoy)];
    return Math.abs(old - now) >= LEAST_CHANGE || (old === 0) !== (now === 0);
  });
}
