import { readTokenVersion } from '../jwt/access-token.ts';
import type { Revocation } from './revocation.ts';

/** The claims by which a token can be revoked. */
export interface RevocableClaims {
  readonly sub: string;
  readonly sid: string;
  readonly jti: string;
}

/**
 * The live part of the revocation log, in memory. Entries may come twice and in any order: what is
 * revoked stays so, and of several versions for one user the highest holds.
 */
export class RevocationIndex {
  readonly #sessions = new Map<string, number>();
  readonly #tokens = new Map<string, number>();
  readonly #keys = new Map<string, number>();
  readonly #users = new Map<string, { version: number; expiresAt: number }>();
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
    return this.#sessions.size + this.#tokens.size + this.#keys.size + this.#users.size;
  }

  apply(entry: Revocation): void {
    this.#lastSeq = Math.max(this.#lastSeq, entry.seq);
    this.#epoch++;
    switch (entry.kind) {
      case 'session':
        extend(this.#sessions, entry);
        return;
      case 'token':
        extend(this.#tokens, entry);
        return;
      case 'key':
        extend(this.#keys, entry);
        return;
      case 'keys':
        return;
      case 'user': {
        const known = this.#users.get(entry.subject);
        this.#users.set(entry.subject, {
          version: Math.max(known?.version ?? 0, entry.version),
          expiresAt: Math.max(known?.expiresAt ?? 0, entry.expiresAt),
        });
      }
    }
  }

  /**
   * Whether a token with these claims is revoked. A `jti` without a version is older than every version:
   * revoking a user revokes it too.
   */
  isRevoked(claims: RevocableClaims): boolean {
    // Looking into an empty map still hashes the key, which costs more than all the rest here.
    if (this.#sessions.size > 0 && this.#sessions.has(claims.sid)) return true;
    if (this.#tokens.size > 0 && this.#tokens.has(claims.jti)) return true;
    const user = this.#users.size > 0 ? this.#users.get(claims.sub) : undefined;
    return user !== undefined && (readTokenVersion(claims.jti) ?? -1) < user.version;
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
    for (const [subject, expiresAt] of this.#sessions) {
      if (expiresAt <= now) this.#sessions.delete(subject);
    }
    for (const [subject, expiresAt] of this.#tokens) {
      if (expiresAt <= now) this.#tokens.delete(subject);
    }
    for (const [subject, expiresAt] of this.#keys) {
      if (expiresAt <= now) this.#keys.delete(subject);
    }
    for (const [subject, { expiresAt }] of this.#users) {
      if (expiresAt <= now) this.#users.delete(subject);
    }
    return before - this.size;
  }
}

function extend(entries: Map<string, number>, { subject, expiresAt }: Revocation): void {
  entries.set(subject, Math.max(entries.get(subject) ?? 0, expiresAt));
}
