import { base64urlFormat, uuidFormat } from '../collections/id-formats.ts';
import { NOT_FOUND } from '../collections/id-hash.ts';
import { PackedIdMap } from '../collections/packed-id-map.ts';
import { readTokenVersion } from '../jwt/access-token.ts';
import type { Revocation } from './revocation.ts';

/** The claims by which a token can be revoked. */
export interface RevocableClaims {
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
}

/** The kinds of entry that a token's claims are compared with. */
type TokenKind = 'session' | 'user' | 'token';

/** An entry for an id that has none of our formats. Such entries are rare and kept in a Map. */
interface UnpackedEntry {
  version: number;
  expiresAt: number;
}

/**
 * The live part of the revocation log, in memory, with at most 100 bytes an entry. Entries may come twice and in any
 * order: what is revoked stays revoked, and the highest of several versions for one user counts.
 */
export class RevocationIndex {
  readonly #sessions = new PackedIdMap(uuidFormat, { withValues: false });
  readonly #users = new PackedIdMap(uuidFormat, { withValues: true });
  /** The key is the 120 random bits of a `jti`, and the value is the version at its end. */
  readonly #tokens = new PackedIdMap(base64urlFormat, { withValues: true });
  readonly #unpacked = {
    session: new Map<string, UnpackedEntry>(),
    user: new Map<string, UnpackedEntry>(),
    token: new Map<string, UnpackedEntry>(),
  };
  /** When the entry of each revoked signing key expires, in ms since the epoch. There are only a few. */
  readonly #keys = new Map<string, number>();
  #epoch = 0;
  #lastSeq = 0;

  /** Changes whenever further tokens may be revoked. While it stays the same, no token need be checked again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The greatest `seq` that was applied; 0 before the first. Earlier entries may still be missing. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The number of entries. */
  get size(): number {
    const { session, user, token } = this.#unpacked;
    const packed = this.#sessions.size + this.#users.size + this.#tokens.size;
    return packed + session.size + user.size + token.size + this.#keys.size;
  }

  /** The bytes of the packed entries. */
  get bytes(): number {
    return this.#sessions.bytes + this.#users.bytes + this.#tokens.bytes;
  }

  /** Adds an entry of the log. */
  apply(entry: Revocation): void {
    this.#lastSeq = Math.max(this.#lastSeq, entry.seq);
    this.#epoch++;
    if (entry.kind === 'keys') return;
    if (entry.kind === 'key') {
      const known = this.#keys.get(entry.subject) ?? 0;
      this.#keys.set(entry.subject, Math.max(known, entry.expiresAt));
      return;
    }
    if (!this.#pack(entry.kind, entry)) this.#keepUnpacked(entry.kind, entry);
  }

  /**
   * Whether a token with these claims is revoked. A `jti` without a version counts as older than every version, so that
   * the revocation of its user revokes it too.
   */
  isRevoked(claims: RevocableClaims): boolean {
    const { sub, sid, jti } = claims;
    const session = this.#sessions.hashOf(sid);
    const token = this.#tokens.hashOf(jti);
    const user = this.#users.hashOf(sub);
    // Together, so that the processor waits for memory once and not three times.
    const maySession = this.#sessions.mayHold(session);
    const mayToken = this.#tokens.mayHold(token);
    const mayUser = this.#users.mayHold(user);
    if (maySession && this.#sessions.find(sid, session) !== NOT_FOUND) return true;
    if (mayToken) {
      const version = this.#tokens.find(jti, token);
      if (version !== NOT_FOUND && version === readTokenVersion(jti)) return true;
    }
    if (mayUser) {
      const version = this.#users.find(sub, user);
      if (version !== NOT_FOUND && isOlder(jti, version)) return true;
    }
    return this.#isUnpackedRevoked(claims);
  }

  /** Whether an entry for this session revokes its tokens. */
  isSessionRevoked(sid: string): boolean {
    return this.#sessions.find(sid) !== NOT_FOUND || this.#unpacked.session.has(sid);
  }

  /** Whether a signing key is revoked. Asked when keys are chosen, not for each token. */
  isKeyRevoked(kid: string): boolean {
    return this.#keys.has(kid);
  }

  /**
   * Removes entries whose `expiresAt` is `now` or before, in ms since the epoch. All tokens that they affect must have
   * expired by then, clock tolerance included. If the caller's clock may be set back, it passes a `now` that is earlier by
   * as much.
   * @returns how many entries it removed
   */
  prune(now: number): number {
    const before = this.size;
    for (const _ of this.pruneInSteps(now));
    return before - this.size;
  }

  /**
   * As `prune`, in steps of well under a millisecond, so that the caller can answer requests in between. If it is stopped
   * halfway, the next call continues from there.
   */
  *pruneInSteps(now: number): Generator<void, void, void> {
    for (const [kid, expiresAt] of this.#keys) {
      if (expiresAt <= now) this.#keys.delete(kid);
    }
    for (const entries of Object.values(this.#unpacked)) {
      for (const [subject, { expiresAt }] of entries) {
        if (expiresAt <= now) entries.delete(subject);
      }
    }
    for (let step = 0; step < PackedIdMap.parts; step++) {
      this.#sessions.purgeNextPart(now);
      this.#users.purgeNextPart(now);
      this.#tokens.purgeNextPart(now);
      yield;
    }
  }

  /** @returns false if the id has none of our formats */
  #pack(kind: TokenKind, { subject, version, expiresAt }: Revocation): boolean {
    if (this.#unpacked[kind].size > 0 && this.#unpacked[kind].has(subject)) return false;
    switch (kind) {
      case 'session':
        return this.#sessions.setMax(subject, 0, expiresAt);
      case 'user':
        return this.#users.setMax(subject, version, expiresAt);
      case 'token': {
        const own = readTokenVersion(subject);
        if (own === undefined) return false;
        const known = this.#tokens.find(subject);
        // Another token has the same random bits, so we did not make both of them.
        if (known !== NOT_FOUND && known !== own) return false;
        return this.#tokens.setMax(subject, own, expiresAt);
      }
    }
  }

  #keepUnpacked(kind: TokenKind, { subject, version, expiresAt }: Revocation): void {
    const known = this.#unpacked[kind].get(subject);
    this.#unpacked[kind].set(subject, {
      version: Math.max(known?.version ?? 0, version),
      expiresAt: Math.max(known?.expiresAt ?? 0, expiresAt),
    });
  }

  #isUnpackedRevoked({ sub, sid, jti }: RevocableClaims): boolean {
    const { session, user, token } = this.#unpacked;
    if (session.size > 0 && session.has(sid)) return true;
    if (token.size > 0 && token.has(jti)) return true;
    const version = user.size > 0 ? user.get(sub)?.version : undefined;
    return version !== undefined && isOlder(jti, version);
  }
}

/** Counts as older than every version. */
const NO_VERSION = -1;

function isOlder(jti: string, version: number): boolean {
  return (readTokenVersion(jti) ?? NO_VERSION) < version;
}
