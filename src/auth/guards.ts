import { CredentialsRefused, InvalidInput, NotFound } from '../errors.ts';
import { applicationCaller, type Caller } from './audit/caller.ts';
import type { AuthContext } from './context.ts';
import {
  createGuardKey,
  formatGuardKey,
  type GuardKey,
  hashGuardSecret,
  isGuardSecret,
} from './guard-key.ts';
import type { Guard, GuardRecord } from './model.ts';

const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,63}$/u;
const LIKE_AN_ID = /^[0-9a-f]{16}$/;
/** No secret has this hash that anybody knows. */
const NO_HASH = '0'.repeat(43);

/** The credentials of guards: programs that may hear of revocations and ask about tokens. */
export class Guards {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Makes a credential. Its key is told here and never again.
   * @param name for people, 1 to 64 letters, digits, spaces and `. _ -`
   * @throws {InvalidInput} where the name is none, or is taken
   */
  async create(
    name: string,
    caller: Caller = applicationCaller,
  ): Promise<{ guard: Guard; key: string }> {
    assertName(name);
    const { store, clock, random, createEvent } = this.#context;
    const key = createGuardKey(random);
    const guard = { id: key.id, name, createdAt: clock.now() };
    const { status } = await store.createGuard({
      guard: { ...guard, keyHash: hashGuardSecret(key.secret) },
      event: createEvent(
        { type: 'guard_created', subject: { kind: 'client', id: key.id }, changes: { name } },
        caller,
      ),
    });
    if (status === 'taken') {
      refuseName('There is a guard of this name already. Choose another, or delete that one.');
    }
    return { guard, key: formatGuardKey(key) };
  }

  /** The oldest first. */
  async list(): Promise<Guard[]> {
    return (await this.#context.store.listGuards()).map(toGuard);
  }

  /**
   * Takes a credential back. Whoever used it is refused at once, and its open feeds end within 15 s.
   * @throws {NotFound}
   */
  async delete(id: string, caller: Caller = applicationCaller): Promise<void> {
    const { store, createEvent } = this.#context;
    const guard = await store.findGuard({ id });
    const changes = guard === undefined ? {} : { changes: { name: guard.name } };
    const subject = { kind: 'client', id } as const;
    const event = createEvent({ type: 'guard_deleted', subject, ...changes }, caller);
    const { found } = await store.deleteGuard({ id, event });
    if (!found) throw new NotFound('There is no such guard. It may have been deleted already.');
  }

  /**
   * Finds out whose key it is.
   * @param key undefined: something that is not of the form of a key
   * @throws {CredentialsRefused} without telling whether the guard is unknown or the secret is wrong
   */
  async authenticate(key: GuardKey | undefined): Promise<Guard> {
    const record = key && (await this.#context.store.findGuard({ id: key.id }));
    const isRight = isGuardSecret(key?.secret ?? '', record?.keyHash ?? NO_HASH);
    if (record !== undefined && isRight) return toGuard(record);
    throw new CredentialsRefused(
      'This is not the key of a guard of this server. Make one: latchkey guards create NAME',
    );
  }
}

function toGuard({ id, name, createdAt }: GuardRecord): Guard {
  return { id, name, createdAt };
}

function assertName(name: string): void {
  if (!NAME.test(name)) {
    refuseName(
      'A name has 1 to 64 letters, digits, spaces and . _ - and begins with one of the first.',
    );
  }
  // It would be taken for the id of another.
  if (LIKE_AN_ID.test(name)) refuseName('This name looks like an id. Choose another.');
}

function refuseName(problem: string): never {
  throw new InvalidInput([{ field: 'name', problem }]);
}
