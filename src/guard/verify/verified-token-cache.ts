import { MAX_TOKEN_LENGTH } from '../../jwt/limits.ts';
import { isCount } from '../../kernel/count.ts';
import type { VerifiedToken } from './access-claims.ts';

/** The bounds of the cache of verified tokens. A token is verified again after it was evicted. */
export interface TokenCacheOptions {
  /** The most tokens. A whole number; 0: none. Default 50,000. */
  readonly maxEntries?: number;
  /** The most bytes of memory, estimated from the length of the tokens. A whole number. Default 33,554,432 (32 MiB). */
  readonly maxBytes?: number;
}

/** What the cache holds for a verified token. */
export interface CachedToken {
  readonly claims: VerifiedToken;
  /** ms since the epoch, clock tolerance included. */
  readonly validFrom: number;
  /** ms since the epoch, clock tolerance included. */
  readonly validUntil: number;
  /** The epoch of the revocation index when the token was last found not revoked. */
  epoch: number;
}

interface Entry {
  readonly key: number;
  readonly token: string;
  readonly value: CachedToken;
  readonly bytes: number;
  visited: boolean;
  newer: Entry | undefined;
  older: Entry | undefined;
}

/**
 * Remembers verified tokens, bounded in entries and in bytes. It evicts by SIEVE: a hit only marks the entry, and a hand
 * that moves from old entries to new ones evicts the first without a mark and removes the marks that it passes.
 *
 * Add only tokens that were verified completely. Then garbage cannot grow the cache or push tokens out, and a hit proves
 * all that a signature proves. Whole tokens are compared, so a hit is exact.
 *
 * @see "SIEVE is Simpler than LRU", NSDI 2024
 */
export class VerifiedTokenCache {
  readonly #entries = new Map<number, Entry>();
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  #bytes = 0;
  #newest: Entry | undefined;
  #oldest: Entry | undefined;
  #hand: Entry | undefined;

  /** @throws {RangeError} for bounds that are not whole numbers of 0 or more */
  constructor(options: TokenCacheOptions = {}) {
    this.#maxEntries = requireCount('maxEntries', options.maxEntries ?? 50_000);
    this.#maxBytes = requireCount('maxBytes', options.maxBytes ?? 32 * 1024 * 1024);
  }

  /** The number of tokens. */
  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of memory, estimated. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Finds what was added for exactly this token, and marks it as used. */
  find(token: string): CachedToken | undefined {
    const entry = this.#entries.get(keyOf(token));
    if (entry?.token !== token) return undefined;
    entry.visited = true;
    return entry.value;
  }

  /** Adds a token that was verified completely, and evicts others if it must. */
  add(token: string, value: CachedToken): void {
    const key = keyOf(token);
    const former = this.#entries.get(key);
    if (former !== undefined) this.#remove(former);
    const bytes = estimateBytes(token);
    if (bytes > this.#maxBytes || this.#maxEntries < 1) return;
    while (this.#entries.size >= this.#maxEntries || this.#bytes + bytes > this.#maxBytes) {
      this.#evict();
    }
    const entry: Entry = {
      key,
      token: copy(token),
      value,
      bytes,
      visited: false,
      newer: undefined,
      older: this.#newest,
    };
    if (this.#newest !== undefined) this.#newest.newer = entry;
    this.#newest = entry;
    this.#oldest ??= entry;
    this.#entries.set(entry.key, entry);
    this.#bytes += bytes;
  }

  delete(token: string): void {
    const entry = this.#entries.get(keyOf(token));
    if (entry?.token === token) this.#remove(entry);
  }

  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
    this.#newest = undefined;
    this.#oldest = undefined;
    this.#hand = undefined;
  }

  #evict(): void {
    let candidate = this.#hand ?? this.#oldest;
    while (candidate?.visited === true) {
      candidate.visited = false;
      candidate = candidate.newer ?? this.#oldest;
    }
    if (candidate === undefined) return;
    this.#hand = candidate;
    this.#remove(candidate);
  }

  #remove(entry: Entry): void {
    if (this.#hand === entry) this.#hand = entry.newer;
    if (entry.newer === undefined) this.#newest = entry.older;
    else entry.newer.older = entry.older;
    if (entry.older === undefined) this.#oldest = entry.newer;
    else entry.older.newer = entry.newer;
    this.#entries.delete(entry.key);
    this.#bytes -= entry.bytes;
  }
}

/**
 * Makes a number of 30 bits of a token's signature: five of its last characters, without the very last. V8 hashes a text
 * before it looks it up in a Map, and hashing a token that just arrived takes longer than all else that a hit does. If
 * two tokens have the same number, the newer one replaces the other. All tokens here are verified, so attackers cannot
 * choose signatures that share a number.
 */
function keyOf(token: string): number {
  const end = token.length - 2;
  let key = 0;
  for (let at = end; at > end - 5; at--) key = (key << 6) | (token.charCodeAt(at) & 63);
  return key;
}

const copied = Buffer.alloc(MAX_TOKEN_LENGTH);

/**
 * Copies a token. One that was cut from a longer text, such as a Cookie header of 16 KiB, would keep all of that text in
 * memory, far beyond the bound of the cache.
 */
function copy(token: string): string {
  return copied.toString('latin1', 0, copied.write(token, 'latin1'));
}

function requireCount(name: string, value: number): number {
  if (isCount(value)) return value;
  throw new RangeError(`cache.${name} must be a whole number, 0 or more.`);
}

/** Estimates the memory for a token, its parsed claims, and the entry. */
function estimateBytes(token: string): number {
  return token.length * 2 + 512;
}
