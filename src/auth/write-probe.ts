import { createStopwatch } from '../kernel/clock.ts';
import { createUuid } from '../kernel/uuid.ts';
import { systemCaller } from './audit/caller.ts';
import { aboutUser } from './audit/event.ts';
import type { AuthContext } from './context.ts';
import type { UserRecord } from './model.ts';
import { createSession } from './sessions/sign-in.ts';

/** How long a successful write vouches for the database. */
const SUCCESS_MS = 2_000;
/** How long a failed write is not repeated. Shorter, so that a node soon notices that the trouble is over. */
const FAILURE_MS = 500;

/**
 * Finds out whether a sign-in could be written: a database may answer and yet take nothing, as a standby, a full
 * disk, and a user whose permissions were revoked do.
 *
 * The attack: readiness is asked without a credential. However many ask, the database is written to at most
 * every other second, and all who ask meanwhile share the outcome.
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

  /** @throws {StoreUnavailable} where the database takes no sign-in */
  check(): Promise<void> {
    const isStale = this.#expiresAt !== undefined && this.#elapsed() >= this.#expiresAt;
    if (this.#outcome === undefined || isStale) this.#outcome = this.#write();
    return this.#outcome;
  }

  async #write(): Promise<void> {
    this.#expiresAt = undefined;
    let validForMs = FAILURE_MS;
    try {
      const user = createNobody(this.#context);
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

/** A user who exists within a transaction only, and could not sign in. */
function createNobody({ clock, random }: AuthContext): UserRecord {
  const now = clock.now();
  return {
    id: createUuid(clock, random),
    username: null,
    usernameKey: null,
    email: null,
    emailKey: null,
    name: null,
    roles: [],
    profile: {},
    passwordHash: null,
    tokenVersion: 0,
    disabledAt: now,
    passwordChangeRequiredAt: null,
    createdAt: now,
    updatedAt: now,
  };
}
