import { AccessDenied } from '../../kernel/errors.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import type {
  ActingAdministrator,
  AdministrationRefusal,
  RevocationResult,
} from '../ports/revocations.ts';
import type { Store } from '../ports/store.ts';
import type { Administrator } from './administrator.ts';
import { authorizeAdministrator } from './authorize.ts';

const SENTENCES = {
  administrator:
    'The user is an administrator, whom other administrators cannot change here. Use the command line.',
  last_administrator:
    'This is the last enabled administrator, who cannot be removed here. Use the command line.',
} as const;

/**
 * Makes a context in which each act on a user is one of this administrator: the store checks in the transaction of the
 * act that the administrator still is one and may do it. So the rules hold for everything that is done with the context.
 */
export function createActingContext(
  context: AuthContext,
  { principal, caller, role }: Administrator,
): AuthContext {
  const { store, createEvent } = context;
  const by: ActingAdministrator = { userId: principal.sub, sessionId: principal.sid, role };

  async function explain(refused: AdministrationRefusal, act: string, userId: string) {
    if (refused === 'not_administrator') {
      await authorizeAdministrator(context, principal, { role, needsFresh: false });
      return new AccessDenied('insufficient_role', `This needs the role ${role}.`);
    }
    const about = { subject: aboutUser(userId), reason: refused, changes: { act } };
    await store.recordEvent(createEvent({ type: 'administration_refused', ...about }, caller));
    const code = refused === 'administrator' ? 'administrator_protected' : refused;
    return new AccessDenied(code, SENTENCES[refused]);
  }

  function acting<Args extends { userId: string }, Result extends RevocationResult>(
    act: string,
    verb: (args: Args & { by?: ActingAdministrator }) => Promise<Result>,
  ): (args: Args) => Promise<Result> {
    return async (args) => {
      const result = await verb({ ...args, by });
      if (result.refused !== undefined) throw await explain(result.refused, act, args.userId);
      return result;
    };
  }

  let isRemovingItself = false;
  const acts = {
    updateUser: acting('update', store.updateUser),
    changePassword: acting('password', store.changePassword),
    setRoles: acting('roles', store.setRoles),
    setDisabled: acting('disable', store.setDisabled),
    endSession: acting('end_session', store.endSession),
    endAllSessions: acting('end_sessions', store.endAllSessions),
    async deleteUser(args) {
      // The first of several steps ended the administrator's own session.
      if (isRemovingItself) return store.deleteUser(args);
      const result = await acting('delete', store.deleteUser)(args);
      isRemovingItself = result.isPartial === true && args.userId === by.userId;
      return result;
    },
  } satisfies Partial<Store>;
  return { ...context, store: { ...store, ...acts } };
}
