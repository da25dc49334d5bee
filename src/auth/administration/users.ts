import { RecordNotFound } from '../../kernel/errors.ts';
import { type AuditEventType, aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, runRevocation } from '../context.ts';
import { InputReader } from '../input.ts';
import { type Session, toUser, type User, type UserRecord } from '../model.ts';
import type { RevocationArgs, RevocationResult } from '../ports/revocations.ts';
import { listSessions, type SessionPage } from '../sessions/account.ts';
import { findLiveSession } from '../sessions/find-session.ts';
import { parseAdministeredUser, parseRoles } from '../users/new-user.ts';
import { updateUser } from '../users/update-user.ts';
import { parseUserChanges } from '../users/user-changes.ts';
import { createUserRecord, insertUser } from '../users/user-records.ts';
import { Users } from '../users/users.ts';
import { createActingContext } from './acting-store.ts';
import type { Administrator } from './administrator.ts';
import { createTemporaryPassword, TEMPORARY_PASSWORD_SECONDS } from './temporary-password.ts';
import { type FoundUsers, listUsers, parseUserQuery } from './user-list.ts';

/** A password that was made for a user. It is not shown again, and must be changed at the next sign-in. */
export interface TemporaryPassword {
  readonly password: string;
  /** ms since the epoch. */
  readonly expiresAt: number;
}

/**
 * What administrators do with users. The rules about administrators hold in the transaction of each act: see
 * {@link createActingContext}.
 */
export class UserAdministration {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /** Lists users, or searches them. @throws {InvalidInput} */
  async list(query: unknown): Promise<FoundUsers> {
    return listUsers(this.#context.store, parseUserQuery(query));
  }

  /** Finds a user. @throws {RecordNotFound} */
  async find(id: string): Promise<User> {
    return toUser(await this.#require(id));
  }

  /**
   * Creates a user with a temporary password.
   * @throws {InvalidInput}
   * @throws {IdentifierTaken}
   */
  async create(
    input: unknown,
    { caller }: Administrator,
  ): Promise<{ readonly user: User } & TemporaryPassword> {
    const parsed = parseAdministeredUser(input, this.#context.settings);
    const { password, expiresAt } = this.#createPassword();
    const made = await createUserRecord(this.#context, { ...parsed, password });
    const required = { passwordChangeRequiredAt: made.createdAt, passwordExpiresAt: expiresAt };
    const record: UserRecord = { ...made, ...required };
    const { roles } = record;
    const changes = roles.length === 0 ? {} : { changes: { roles } };
    await insertUser(this.#context, record, null, { type: 'user_created', ...changes }, caller);
    return { user: toUser(record), password, expiresAt };
  }

  /**
   * Changes username, address, name or the host's own fields.
   * @throws {InvalidInput}
   * @throws {IdentifierTaken}
   * @throws {RecordNotFound}
   * @throws {AccessDenied} when the user is an administrator
   */
  async update(id: string, input: unknown, administrator: Administrator): Promise<User> {
    const record = await this.#context.store.findUser({ id });
    const parsed = parseUserChanges(input, record, this.#context.settings.fields);
    if (record === undefined) throw noSuchUser();
    const acting = this.#acting(administrator);
    const user = await updateUser(acting, id, parsed, administrator.caller);
    if (user === undefined) throw noSuchUser();
    return user;
  }

  /**
   * Deletes a user.
   * @throws {RecordNotFound}
   * @throws {AccessDenied} when it is the last enabled administrator
   */
  delete(id: string, administrator: Administrator): Promise<void> {
    return this.#users(administrator).delete(id, administrator.caller);
  }

  /**
   * Disables a user and ends all sessions.
   * @throws {RecordNotFound}
   * @throws {AccessDenied} when it is the last enabled administrator
   */
  disable(id: string, administrator: Administrator): Promise<void> {
    return this.#users(administrator).disable(id, administrator.caller);
  }

  /** Lets a disabled user sign in again. @throws {RecordNotFound} */
  enable(id: string, administrator: Administrator): Promise<void> {
    return this.#users(administrator).enable(id, administrator.caller);
  }

  /**
   * Replaces the roles, from `{roles}`.
   * @throws {InvalidInput}
   * @throws {RecordNotFound}
   * @throws {AccessDenied} when the user is an administrator
   */
  async setRoles(id: string, input: unknown, administrator: Administrator): Promise<User> {
    const reader = new InputReader(input);
    const roles = reader.raw('roles');
    if (!reader.has('roles')) reader.problem('roles', '"roles" is missing.');
    reader.finish();
    const parsed = parseRoles(roles);
    const before = await this.#require(id);
    await this.#users(administrator).setRoles(id, parsed, administrator.caller);
    // If another act deleted the user since, this one was done before.
    const after = await this.#context.store.findUser({ id });
    return toUser(after ?? { ...before, roles: parsed });
  }

  /**
   * Sets a random password that works for a day, and ends all sessions. The user must change it at the next sign-in.
   * @throws {RecordNotFound}
   * @throws {AccessDenied} when the user is an administrator
   */
  async setPassword(id: string, administrator: Administrator): Promise<TemporaryPassword> {
    await this.#require(id);
    const { password, expiresAt } = this.#createPassword();
    const newHash = await this.#context.hasher.hash(password);
    await this.#run(administrator, id, 'password_changed', ({ store, clock }, how) =>
      store.changePassword({
        userId: id,
        verifiedHash: null,
        newHash,
        keep: null,
        expiresAt,
        now: clock.now(),
        ...how,
      }),
    );
    return { password, expiresAt };
  }

  /** Lists the live sessions of a user. @throws {RecordNotFound} */
  async listSessions(id: string, page: unknown): Promise<SessionPage> {
    await this.#require(id);
    return listSessions(this.#context, { sub: id, sid: '' }, page);
  }

  /** Finds a live session of a user. @throws {RecordNotFound} when the user has no such session */
  async findSession(id: string, sessionId: string): Promise<Session> {
    const found = await findLiveSession(this.#context, sessionId, this.#context.clock.now());
    if (found?.user.id !== id) throw noSuchSession();
    return found.session;
  }

  /** Ends one session of a user. @throws {RecordNotFound} when the user has no such session */
  async endSession(id: string, sessionId: string, administrator: Administrator): Promise<void> {
    const context = this.#acting(administrator);
    const about = { subject: aboutUser(id), sessionId };
    const event = { type: 'session_ended', ...about } as const;
    const how = createRevocationArgs(context, event, administrator.caller);
    const ending = context.store.endSession({ sessionId, userId: id, ...how });
    const { found } = await runRevocation(context, ending);
    if (!found) throw noSuchSession();
  }

  /** Ends all sessions of a user. @throws {RecordNotFound} */
  async endSessions(id: string, administrator: Administrator): Promise<void> {
    await this.#run(administrator, id, 'sessions_ended', ({ store, clock }, how) =>
      store.endAllSessions({ userId: id, now: clock.now(), ...how }),
    );
  }

  async #run(
    administrator: Administrator,
    id: string,
    type: AuditEventType,
    verb: (context: AuthContext, how: RevocationArgs) => Promise<RevocationResult>,
  ): Promise<void> {
    const context = this.#acting(administrator);
    const how = this.#createArgs(administrator, id, type);
    const { found } = await runRevocation(context, verb(context, how));
    if (!found) throw noSuchUser();
  }

  #createArgs(
    { caller }: Administrator,
    id: string,
    type: AuditEventType,
    changes?: { readonly fields: readonly string[] },
  ): RevocationArgs {
    const event = { type, subject: aboutUser(id), ...(changes === undefined ? {} : { changes }) };
    return createRevocationArgs(this.#context, event, caller);
  }

  #createPassword(): TemporaryPassword {
    const { random, clock } = this.#context;
    const password = createTemporaryPassword(random);
    return { password, expiresAt: clock.now() + TEMPORARY_PASSWORD_SECONDS * 1000 };
  }

  #acting(administrator: Administrator): AuthContext {
    return createActingContext(this.#context, administrator);
  }

  #users(administrator: Administrator): Users {
    return new Users(this.#acting(administrator));
  }

  async #require(id: string): Promise<UserRecord> {
    const record = await this.#context.store.findUser({ id });
    if (record === undefined) throw noSuchUser();
    return record;
  }
}

function noSuchSession(): RecordNotFound {
  return new RecordNotFound('The user has no such session. It may have ended.');
}

function noSuchUser(): RecordNotFound {
  return new RecordNotFound('There is no such user.');
}
