import type { Caller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import type { RegistrationInput } from './host-hooks.ts';
import { runHook } from './run-hook.ts';

/** Asks the host whether a person may register. @throws {HostRefusal} */
export async function askBeforeRegister(
  context: AuthContext,
  { username, email, name, profile }: RegistrationInput,
  caller: Caller,
): Promise<void> {
  const { beforeRegister } = context.settings;
  if (beforeRegister === undefined) return;
  const input = { username, email, name, profile };
  const event = { type: 'registration_refused', subject: aboutUser(null) } as const;
  await runHook(context, 'beforeRegister', () => beforeRegister(input, caller), { event, caller });
}
