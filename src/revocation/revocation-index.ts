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

/** What revokes tokens by what they say; keys revoke by what signed them. */
type TokenKind = 'session' | 'user' | 'token';

/** An entry about an id that has none of our formats. Such entries are rare and kept in a Map. */
interface UnpackedEntry {
  version: number;
  expiresAt: number;
}

/**
 * The live part of the revocation log, in memory: at most 100 bytes an entry. Entries may come twice and
 * in any order: what is revoked stays so, and of several versions for one user the highest holds.
 */
export class RevocationIndex {
  readonly #sessions = new PackedIdMap(uuidFormat, { withValues: false });
  readonly #users = new PackedIdMap(uuidFormat, { withValues: true });
  /** The version that ends a `jti` goes with its 120 random bits as the value. */
  readonly #tokens = new PackedIdMap(base64urlFormat, { withValues: true });
  readonly #unpacked = {
    session: new Map<string, UnpackedEntry>(),
    user: new Map<string, UnpackedEntry>(),
    token: new Map<string, UnpackedEntry>(),
  };
  /** Few, and asked for where keys are chosen: until when each is to be refused. */
  readonly #keys = new Map<string, number>();
  #epoch = 0;
  #lastSeq = 0;

  /** Changes whenever a token that was not revoked may now be. Equal epochs: no need to look again. */
  get epoch(): number {
    return this.#epoch;
  }

  /** The greatest `seq` applied; 0 before the first. It does not say that none before it is missing. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** How many entries are held. */
  get size(): number {
    const { session, user, token } = this.#unpacked;
    const packed = this.#sessions.size + this.#users.size + this.#tokens.size;
    return packed + session.size + user.size + token.size + this.#keys.size;
  }

  /** Bytes that the packed entries take. */
  get bytes(): number {
    return this.#sessions.bytes + this.#users.bytes + this.#tokens.bytes;
  }

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
   * Whether a token with these claims is revoked. A `jti` without a version is older than every version:
   * revoking a user revokes it too.
   */
  isRevoked(claims: RevocableClaims): boolean {
    const { sub, sid, jti } = claims;
    const session = this.#sessions.hashOf(sid);
    const token = this.#tokens.hashOf(jti);
    const user = this.#users.hashOf(sub);
    // Next to each other, so that the processor waits for memory once and not three times.
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

  /** Whether all tokens of a session are revoked by an entry about that session. */
  isSessionRevoked(sid: string): boolean {
    return this.#sessions.find(sid) !== NOT_FOUND || this.#unpacked.session.has(sid);
  }

  /** Whether all tokens of a key are revoked. Asked where keys are chosen, not for each token. */
  isKeyRevoked(kid: string): boolean {
    return this.#keys.has(kid);
  }

  /**
   * Forgets entries whose `expiresAt` is not after `now` (ms since the epoch), which must lie after the
   * last token they could affect is refused for its age, clock tolerance included. A caller whose clock
   * may step back passes a `now` that lags by as much as it may step.
   * @returns how many were forgotten
   */
  prune(now: number): number {
    const before = this.size;
    for (const _ of this.pruneInSteps(now));
    return before - this.size;
  }

  /**
   * As `prune`, in steps of well under a millisecond, for whoever must answer requests in between. Stopped
   * halfway it has pruned a part, and the next time goes on from there.
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

  /** @returns false where the id has none of our formats */
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
        // Another token with the same random bits: one of the two was made by something else than us.
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

/** A `jti` without a version is older than every version. */
const NO_VERSION = -1;

function isOlder(jti: string, version: number): boolean {
  return (readTokenVersion(jti) ?? NO_VERSION) < version;
}
