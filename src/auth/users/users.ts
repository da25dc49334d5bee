import { IdentifierTaken, RecordNotFound } from '../../kernel/errors.ts';
import type { FoundUsers, UserQuery } from '../administration/user-list.ts';
import { applicationCaller, type Caller } from '../audit/caller.ts';
import { eraseEvents } from '../audit/chain/erase-events.ts';
import { type AuditEventType, aboutUser } from '../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke, runRevocation } from '../context.ts';
import { findWeaknesses, readNewPassword } from '../credentials/passwords/password-rules.ts';
import { InputReader } from '../input.ts';
import { listNameBuckets, releaseUser } from '../limits/throttled.ts';
import { toUser, type User } from '../model.ts';
import type { RevocationArgs, RevocationResult } from '../ports/revocations.ts';
import { type CreateUserInput, parseCreateUser, parseRoles } from './new-user.ts';
import { createUserRecord, findRecord, findUserWithSameName, insertUser } from './user-records.ts';
import type { UserReference } from './user-reference.ts';

/** Users a page can have. */
const PAGE_MAX = 1000;
const PAGE_DEFAULT = 100;

/** Which users to list. */
export interface UserPage {
  /** The id of the last user of the previous page. Default: the first page. */
  readonly after?: string;
  /** Users, 1 to 1,000. Default 100. */
  readonly limit?: number;
}

/**
 * Manages users, for the host's own code and the command line. It asks for no password: what users do themselves is
 * in `Auth`.
 *
 * `caller` is who asks, for the audit trail. Default: the host's application. Every method may throw
 * {@link StoreUnavailable}.
 *
 * ```ts
 * await users.ensure({ username: 'admin', password, roles: ['admin'] });
 * ```
 */
export class Users {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Adds a user.
   * @throws {InvalidInput}
   * @throws {IdentifierTaken} when another user has the username or the email address
   * @throws {ServerOverloaded} when too many passwords are being hashed
   */
  async create(input: CreateUserInput, caller: Caller = applicationCaller): Promise<User> {
    const parsed = parseCreateUser(input, this.#context.settings, this.#context.hasher);
    const record = await createUserRecord(this.#context, parsed);
    const { roles } = record;
    const changes = roles.length === 0 ? {} : { changes: { roles } };
    await insertUser(this.#context, record, null, { type: 'user_created', ...changes }, caller);
    if (parsed.password !== undefined) await this.#warnIfWeak(parsed.password, record);
    return toUser(record);
  }

  /**
   * Adds a user unless one with the username or the email address exists. An existing user stays as it is. Any number
   * of processes may call this when they start.
   * @returns the new or the existing user
   * @throws {InvalidInput}
   * @throws {ServerOverloaded} when too many passwords are being hashed
   */
  async ensure(input: CreateUserInput, caller: Caller = applicationCaller): Promise<User> {
    const parsed = parseCreateUser(input, this.#context.settings, this.#context.hasher);
    const existing = await findUserWithSameName(this.#context, parsed);
    if (existing !== undefined) return toUser(existing.record);
    try {
      return await this.create(input, caller);
    } catch (error) {
      const winner =
        error instanceof IdentifierTaken && (await findUserWithSameName(this.#context, parsed));
      if (!winner) throw error;
      return toUser(winner.record);
    }
  }

  /** Finds a user. @returns undefined if there is none */
  async find(reference: UserReference): Promise<User | undefined> {
    const record = await findRecord(this.#context, reference);
    return record === undefined ? undefined : toUser(record);
  }

  /** Lists users in the order in which they were added. */
  async list(page: UserPage = {}): Promise<User[]> {
    const limit = Math.min(Math.max(Math.trunc(page.limit ?? PAGE_DEFAULT), 1), PAGE_MAX);
    const records = await this.#context.store.listUsers({ after: page.after ?? null, limit });
    return records.map(toUser);
  }

  /**
   * Lists users that meet conditions, page by page. It takes as long among a million users as among a thousand.
   *
   * ```ts
   * const { users, nextCursor } = await app.latchkey.users.search({ search: 'jan', role: 'editor' });
   * ```
   * @throws {InvalidInput} when `after` is not a cursor of this search
   */
  async search(query: UserQuery): Promise<FoundUsers> {
    const { listUsers } = await import('../administration/user-list.ts');
    return listUsers(this.#context.store, query);
  }

  /** Whether an enabled user has the role. It costs one look-up. */
  isRoleHeld(role: string): Promise<boolean> {
    return this.#context.store.hasAdministrator({ role });
  }

  /**
   * Replaces the roles. Sessions live on; access tokens with the old roles are refused immediately.
   * @param roles at most 32, each of 1 to 64 letters, digits and `_ . : / -`
   * @throws {RecordNotFound}
   * @throws {InvalidInput}
   */
  async setRoles(
    id: string,
    roles: readonly string[],
    caller: Caller = applicationCaller,
  ): Promise<void> {
    const parsed = parseRoles(roles);
    await this.#revoke(id, 'user_roles_changed', caller, (how) =>
      this.#context.store.setRoles({ userId: id, roles: parsed, now: this.#now(), ...how }),
    );
  }

  /**
   * Sets a password without asking for the old one, and ends all sessions.
   * @param password 8 to 1,024 characters, unless the options say otherwise. If it is easy to guess, it is accepted with
   *   a warning
   * @throws {RecordNotFound}
   * @throws {InvalidInput}
   * @throws {ServerOverloaded} when too many passwords are being hashed
   */
  async setPassword(
    id: string,
    password: string,
    caller: Caller = applicationCaller,
  ): Promise<void> {
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
    const user = await this.#context.store.findUser({ id });
    if (user !== undefined) await this.#warnIfWeak(parsed, user);
  }

  /**
   * Ends all sessions. The next sign-in must set a new password: until then it gets a challenge instead of tokens,
   * also after {@link setPassword}.
   * @throws {RecordNotFound} also for a user without a password
   */
  async requirePasswordChange(id: string, caller: Caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'password_change_required', caller, (how) =>
      this.#context.store.requirePasswordChange({ userId: id, now: this.#now(), ...how }),
    );
  }

  /** Ends all sessions and refuses new ones. @throws {RecordNotFound} */
  async disable(id: string, caller: Caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'user_disabled', caller, (how) =>
      this.#context.store.setDisabled({ userId: id, disabled: true, now: this.#now(), ...how }),
    );
  }

  /** Lets a disabled user sign in again. @throws {RecordNotFound} */
  async enable(id: string, caller: Caller = applicationCaller): Promise<void> {
    await this.#revoke(id, 'user_enabled', caller, (how) =>
      this.#context.store.setDisabled({ userId: id, disabled: false, now: this.#now(), ...how }),
    );
  }

  /**
   * Forgets the failed attempts at both names of a user, so that a sign-in need not wait. Other nodes notice within
   * five seconds.
   * @returns whether an attempt had failed
   * @throws {RecordNotFound}
   */
  async unthrottle(id: string, caller: Caller = applicationCaller): Promise<boolean> {
    const record = await findRecord(this.#context, { id });
    if (record === undefined) throw noSuchUser();
    return releaseUser(this.#context, record, caller);
  }

  /**
   * Removes a user, ends all its sessions, and removes address and user agent from its audit events. A user with
   * thousands of sessions is disabled first and then removed in steps, between which other requests are served. If
   * that is interrupted, call it again.
   * @throws {RecordNotFound}
   */
  async delete(id: string, caller: Caller = applicationCaller): Promise<void> {
    const how = createRevocationArgs(
      this.#context,
      { type: 'user_deleted', subject: aboutUser(id) },
      caller,
    );
    const now = this.#now();
    const record = await findRecord(this.#context, { id });
    const buckets = record === undefined ? [] : listNameBuckets(this.#context, record);
    for (let isPartial = true; isPartial; ) {
      const verb = this.#context.store.deleteUser({ userId: id, buckets, now, ...how });
      const result = await runRevocation(this.#context, verb);
      if (!result.found) throw noSuchUser();
      isPartial = result.isPartial === true;
    }
    // The transaction that removed the user did a few hundred.
    await eraseEvents(this.#context, id);
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

  /** A host may seed what it likes, such as users for a demonstration. The operator should know. */
  async #warnIfWeak(password: string, user: User): Promise<void> {
    const { settings, notify } = this.#context;
    const [weakness] = await findWeaknesses(password, 'password', {
      user,
      appName: settings.appName,
    });
    if (weakness === undefined) return;
    const whose = user.username ?? user.email ?? user.id;
    const text = `The password that was set for the user ${whose} is easy to guess. A person who chose it would be told: ${weakness.problem}`;
    notify({ level: 'warning', text });
  }

  #now(): number {
    return this.#context.clock.now();
  }
}

function noSuchUser(): RecordNotFound {
  return new RecordNotFound('There is no such user.');
}
