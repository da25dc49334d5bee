import { createStopwatch } from '../kernel/clock.ts';
import { createUuid } from '../kernel/uuid.ts';
import { systemCaller } from './audit/caller.ts';
import { aboutUser } from './audit/event.ts';
import type { AuthContext } from './context.ts';
import type { UserRecord } from './model.ts';
import { createSession } from './sessions/new-session.ts';

/** How long the outcome of a successful write is reused. */
const SUCCESS_MS = 2_000;
/** How long the outcome of a failed write is reused. Shorter, so that a node soon notices that writes work again. */
const FAILURE_MS = 500;

/**
 * Finds out whether a sign-in could be written. A database may answer and still refuse writes: a standby, one on a
 * full disk, or one whose user lost its permissions.
 *
 * The attack: anyone can ask for readiness, without a credential, and each check is a write. However many requests
 * ask, there is at most one write every two seconds, and the requests in between share its outcome.
 */
export class WriteProbe {
  readonly #context: AuthContext;
  readonly #elapsed: () => number;
  #outcome: Promise<void> | undefined;
  /** Undefined while the write is under way. */
  #expiresAt: number | undefined;

  constructor(context: AuthContext) {
    this.#context = context;
    this.#elapsed = createStopwatch(context.clock);
  }

  /** @throws {StoreUnavailable} when the database cannot write a sign-in */
  check(): Promise<void> {
    const isStale = this.#expiresAt !== undefined && this.#elapsed() >= this.#expiresAt;
    if (this.#outcome === undefined || isStale) this.#outcome = this.#write();
    return this.#outcome;
  }

  async #write(): Promise<void> {
    this.#expiresAt = undefined;
    let validForMs = FAILURE_MS;
    try {
      const user = createProbeUser(this.#context);
      const caller = systemCaller('readiness');
      const session = createSession(this.#context, {
        userId: user.id,
        amr: ['pwd'],
        scope: null,
        clientId: null,
        caller,
      });
      const about = { subject: aboutUser(user.id), sessionId: session.id };
      const event = this.#context.createEvent({ type: 'login_succeeded', ...about }, caller);
      await this.#context.store.tryWriting({ user, session, event });
      validForMs = SUCCESS_MS;
    } finally {
      this.#expiresAt = this.#elapsed() + validForMs;
    }
  }
}

/** A user who exists only within the probe's transaction, and could not sign in. */
function createProbeUser({ clock, random }: AuthContext): UserRecord {
  const now = clock.now();
  return {
    id: createUuid(clock, random),
    username: null,
    usernameKey: null,
    email: null,
    emailKey: null,
    emailVerifiedAt: null,
    name: null,
    roles: [],
    profile: {},
    passwordHash: null,
    tokenVersion: 0,
    credentialVersion: 0,
    disabledAt: now,
    passwordChangeRequiredAt: null,
    passwordExpiresAt: null,
    secondFactorAt: null,
    createdAt: now,
    updatedAt: now,
  };
}
