import type { Caller } from '../../../auth/audit/caller.ts';
import type { User } from '../../../auth/model.ts';
import type { Users } from '../../../auth/users/users.ts';
import type { Call, Operands } from '../../shell/command.ts';
import { toAdminView } from './texts.ts';
import { requireUser, withUsers } from './with-users.ts';

export const userOperand: Operands = { usage: 'USER', least: 1, most: 1 };

/** For the details of each command that takes one. */
export const userMeans = 'USER is an id, a username or an email address.';

/**
 * Does something to the user who is the first operand, and shows the user as it is afterwards.
 * @param change answers the sentence that says what was done
 */
export async function changeUser(
  call: Call,
  change: (user: User, users: Users, operator: Caller) => Promise<string>,
): Promise<void> {
  await withUsers(call, async (users, operator) => {
    const user = await requireUser(users, call.operands[0] ?? '');
    const done = await change(user, users, operator);
    if (!call.flags.has('json')) return call.console.print(done);
    call.console.printJson(toAdminView((await users.find({ id: user.id })) ?? user));
  });
}
