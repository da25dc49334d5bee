import { IdentifierTaken, RecordNotFound } from '../../kernel/errors.ts';
import { createUuid } from '../../kernel/uuid.ts';
import { applicationCaller, type Caller } from '../audit/caller.ts';
import { type AuditChanges, type AuditEventType, aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke, settleRevoked } from '../context.ts';
import { InputReader } from '../input.ts';
import { type Session, toUser, type User, type UserRecord } from '../model.ts';
import type { RevocationArgs, RevocationResult } from '../ports/revocations.ts';
import { findEmailKey, findUsernameKey, trimIdentifier } from './identifiers.ts';
import {
  type CreateUserInput,
  type ParsedUser,
  parseCreateUser,
  parseRoles,
  readNewPassword,
} from './new-user.ts';

const PAGE_MAX = 1000;

/** How a user is named: by one of its id, its username, or its email address. */
export type UserReference = { id: string } | { username: string } | { email: string };

/** Users, for the host's own code and the command line. Requests of people go through `Auth`. */
export class Users {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Adds a user.
   * @throws {InvalidInput}
   * @throws {Taken} when the username or email address is somebody's
   */
  async create(input: CreateUserInput, caller = applicationCaller): Promise<User> {
    const parsed = parseCreateUser(input, this.#context.settings, this.#context.hasher);
    const record = await createUserRecord(this.#context, parsed);
    const { roles } = record;
    const changes = roles.length === 0 ? {} : { changes: { roles } };
    await insertUser(this.#context, record, null, { type: 'user_created', ...changes }, caller);
    return toUser(record);
  }

  /**
   * Adds a user unless its username or email address is there already: for seeding at start, by as
   * many processes as like. An existing user is left as it is.
   * @throws {InvalidInput}
   */
  async ensure(input: CreateUserInput, caller = applicationCaller): Promise<User> {
    const parsed = parseCreateUser(input, this.#context.settings, this.#context.hasher);
    const existing = await findNamesake(this.#context, parsed);
    if (existing !== undefined) return toUser(existing.record);
    try {
      return await this.create(input, caller);
    } catch (error) {
      const winner =
        error instanceof IdentifierTaken && (await findNamesake(this.#context, parsed));
      if (!winner) throw error;
      return toUser(winner.record);
    }
  }

  async find(reference: UserReference): Promise<User | undefined> {
    const record = await findRecord(this.#context, reference);
    return record === undefined ? undefined : toUser(record);
  }

  /** Users in the order they were added. `after` is the id of the last one of the page before; `limit` 1 to 1,000, default 100. */
  async list(page: { after?: string; limit?: number } = {}): Promise<User[]> {
    const limit = Math.min(Math.max(Math.trunc(page.limit ?? 100), 1), PAGE_MAX);
    const records = await this.#context.store.listUsers({ after: page.after ?? null, limit });
    return records.map(toUser);
  }

  /**
   * Replaces the roles. Sessions live on; access tokens with the old roles are refused at once.
   * @throws {NotFound}
   * @throws {InvalidInput}
   */
  async setRoles(id: string, roles: readonly string[], caller = applicationCaller): Promise<void> {
    const parsed = parseRoles(roles);
    await this.#revoke(id, 'user_roles_changed', caller, (how) =>
      this.#context.store.setRoles({ userId: id, roles: parsed, now: this.#now(), ...how }),
    );
  }

  /**
   * Sets a password without asking for the old one, and ends all sessions.
   * @throws {NotFound}
   * @throws {InvalidInput}
   */
  async setPassword(id: string, password: string, caller = applicationCaller): Promise<void> {
    const reader = new InputReader({ password });
    const parsed = readNewPassword(reader, 'password', this.#context.settings);
    reader.finish();
    const newHash = await this.#context.hasher.hash(parsed);
    await this.#revoke(id, 'password_changed', caller, (how) =>
      this.#context.store.changePassword({
        userId: id,
        verifiedHash: null,
        newHash,
        keep: null,
        now: this.#now(),
        ...how,
      }),
    );
  }

  /**
   * Ends all sessions. The next sign-in must set a new password: until then it gets a challenge instead of tokens. A
   * password set by {@link setPassword} does not lift that.
   * @throws {NotFound} also for a user without a password
   */
  async requirePasswordChange(id: string, caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'password_change_required', caller, (how) =>
      this.#context.store.requirePasswordChange({ userId: id, now: this.#now(), ...how }),
    );
  }

  /** Ends all sessions and refuses new ones. @throws {NotFound} */
  async disable(id: string, caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'user_disabled', caller, (how) =>
      this.#context.store.setDisabled({ userId: id, disabled: true, now: this.#now(), ...how }),
    );
  }

  /** @throws {NotFound} */
  async enable(id: string, caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'user_enabled', caller, (how) =>
      this.#context.store.setDisabled({ userId: id, disabled: false, now: this.#now(), ...how }),
    );
  }

  /**
   * Removes the user and ends all its sessions. A user with thousands of them is disabled first and then
   * removed in steps, between which others are served. If that is interrupted, call it again.
   * @throws {NotFound}
   */
  async delete(id: string, caller = applicationCaller): Promise<void> {
    const how = createRevocationArgs(
      this.#context,
      { type: 'user_deleted', subject: aboutUser(id) },
      caller,
    );
    const now = this.#now();
    for (let isPartial = true; isPartial; ) {
      const verb = this.#context.store.deleteUser({ userId: id, now, ...how });
      const result = await settleRevoked(this.#context, verb);
      if (!result.found) throw noSuchUser();
      isPartial = result.isPartial === true;
    }
  }

  async #revoke(
    userId: string,
    type: AuditEventType,
    caller: Caller,
    verb: (how: RevocationArgs) => Promise<RevocationResult>,
  ): Promise<void> {
    const how = createRevocationArgs(this.#context, { type, subject: aboutUser(userId) }, caller);
    if (!(await revoke(this.#context, verb(how)))) throw noSuchUser();
  }

  #now(): number {
    return this.#context.clock.now();
  }
}

function noSuchUser(): RecordNotFound {
  return new RecordNotFound('There is no such user.');
}

/** The stored user a reference means. A name that cannot be one is nobody's. */
export async function findRecord(
  context: AuthContext,
  reference: UserReference,
): Promise<UserRecord | undefined> {
  if ('id' in reference) return context.store.findUser({ id: reference.id });
  if ('username' in reference) {
    const usernameKey = findUsernameKey(trimIdentifier(reference.username));
    return usernameKey === undefined ? undefined : context.store.findUser({ usernameKey });
  }
  const emailKey = findEmailKey(trimIdentifier(reference.email));
  return emailKey === undefined ? undefined : context.store.findUser({ emailKey });
}

/** Who has the username or the email address of a user to be. */
export async function findNamesake(
  { store }: AuthContext,
  { usernameKey, emailKey }: Pick<ParsedUser, 'usernameKey' | 'emailKey'>,
): Promise<{ record: UserRecord; field: 'username' | 'email' } | undefined> {
  if (usernameKey !== null) {
    const record = await store.findUser({ usernameKey });
    if (record !== undefined) return { record, field: 'username' };
  }
  if (emailKey !== null) {
    const record = await store.findUser({ emailKey });
    if (record !== undefined) return { record, field: 'email' };
  }
  return undefined;
}

export async function createUserRecord(
  { clock, random, hasher }: AuthContext,
  parsed: ParsedUser,
): Promise<UserRecord> {
  const { password, passwordHash, ...rest } = parsed;
  const hash = password === undefined ? (passwordHash ?? null) : await hasher.hash(password);
  const now = clock.now();
  return {
    ...rest,
    id: createUuid(clock, random),
    passwordHash: hash,
    tokenVersion: 0,
    disabledAt: null,
    passwordChangeRequiredAt: null,
    createdAt: now,
    updatedAt: now,
  };
}

/** @throws {Taken} */
export async function insertUser(
  context: AuthContext,
  user: UserRecord,
  session: Session | null,
  what: { readonly type: AuditEventType; readonly changes?: AuditChanges },
  caller: Caller,
): Promise<void> {
  const about = {
    subject: aboutUser(user.id),
    ...(session === null ? {} : { sessionId: session.id }),
  };
  const event = context.createEvent({ ...what, ...about }, caller);
  const result = await context.store.createUser({ user, session, event });
  if (result.status === 'taken') throw new IdentifierTaken(result.field);
}
