import { type Caller, identify } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import { toUser, type UserRecord } from '../model.ts';
import { runHook } from './run-hook.ts';

/** Asks the host whether a user may sign in. @throws {HostRefusal} */
export async function askBeforeSignIn(
  context: AuthContext,
  record: UserRecord,
  caller: Caller,
): Promise<void> {
  const { beforeSignIn } = context.settings;
  if (beforeSignIn === undefined) return;
  const user = identify(caller, record.id);
  const event = { type: 'login_refused', subject: aboutUser(record.id) } as const;
  const hook = () => beforeSignIn(toUser(record), user);
  await runHook(context, 'beforeSignIn', hook, { event, caller: user });
}
