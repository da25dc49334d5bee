import { ADMIN_ROLE } from '../../../auth/administration/admin-role.ts';
import type { Caller } from '../../../auth/audit/caller.ts';
import type { User } from '../../../auth/model.ts';
import type { Users } from '../../../auth/users/users.ts';
import { toAdminView } from '../../../server/features/admin/views.ts';
import type { Call, Operands } from '../../shell/command.ts';
import { withLatchkey } from '../with-latchkey.ts';
import { requireUser } from './find-user.ts';

export const userOperand: Operands = { usage: 'USER', least: 1, most: 1 };

/** Explains the operand, in the details of each command that has it. */
export const USER_OPERAND_HELP = 'USER is an id, a username or an email address.';

/** Warns if a user who was an administrator was the last one. What was asked for is done in any case. */
export async function warnIfLastAdministrator(
  { console }: Call,
  { roles, disabledAt }: User,
  users: Users,
): Promise<void> {
  const wasAdministrator = roles.includes(ADMIN_ROLE) && disabledAt === null;
  if (!wasAdministrator || (await users.isRoleHeld(ADMIN_ROLE))) return;
  console.warn(
    `no enabled user has the role ${ADMIN_ROLE} now, so nothing can be administered by HTTP. Give it to a user: latchkey users set-role USER ${ADMIN_ROLE}`,
  );
}

/**
 * Changes the user that the first operand names. Prints what was done, or with `--json` the user as it is afterwards.
 * @param change returns the sentence that says what was done
 */
export async function changeUser(
  call: Call,
  change: (user: User, users: Users, operator: Caller) => Promise<string>,
): Promise<void> {
  await withLatchkey(call, async ({ users }, operator) => {
    const user = await requireUser(users, call.operands[0] ?? '');
    const done = await change(user, users, operator);
    await warnIfLastAdministrator(call, user, users);
    if (!call.flags.has('json')) return call.console.print(done);
    call.console.printJson(toAdminView((await users.find({ id: user.id })) ?? user));
  });
}
