import type { Caller } from '../audit/caller.ts';
import type { AuditEvent } from '../audit/event.ts';
import type { User } from '../model.ts';

/** What a person gave to register, checked, without the password. */
export type RegistrationInput = Pick<User, 'username' | 'email' | 'name' | 'profile'>;

/**
 * May refuse a registration, by throwing a {@link HostRefusal} with a sentence for the person. Latchkey calls it when
 * the input is valid, before it looks whether the names are taken and before it writes anything. Anything else that it
 * throws is a 500, and nothing is written. It is not called for users that your own code or the command line creates.
 *
 * ```ts
 * await app.register(latchkey, {
 *   beforeRegister({ email }) {
 *     if (!email?.endsWith('@example.com')) throw new HostRefusal('Register with your address at example.com.');
 *   },
 * });
 * ```
 */
export type BeforeRegisterHook = (
  input: Readonly<RegistrationInput>,
  caller: Caller,
) => void | Promise<void>;

/**
 * May refuse a sign-in, by throwing a {@link HostRefusal} with a sentence for the user. Latchkey calls it after the
 * password was proven, and before it writes a session, a challenge or a new hash. A registration also signs in: then
 * the user does not exist yet, and a refusal leaves none. Anything else that the hook throws is a 500, and nothing is
 * written. A refresh does not call it: to end the sessions of a user, disable the user.
 *
 * ```ts
 * await app.register(latchkey, {
 *   async beforeSignIn(user) {
 *     if (await isOverdue(user.id)) throw new HostRefusal('Your subscription has ended. Renew it to sign in.');
 *   },
 * });
 * ```
 */
export type BeforeSignInHook = (user: User, caller: Caller) => void | Promise<void>;

/**
 * Gets each audit event, as it was recorded, once it is committed and sealed, which takes about a second. Events come
 * one at a time, in the order of the chain. If several nodes have the hook, one of them calls it. How far it has come is
 * in the database, so no event is left out while no server runs; after a crash an event can come twice, with the same
 * id. A hook that throws or is slow delays no request: the failure is reported once, the event counts as delivered, and
 * a slow hook is waited for. Events that were sealed before it was used for the first time are left out.
 *
 * ```ts
 * await app.register(latchkey, { onEvent: (event) => siem.send(event) });
 * ```
 */
export type OnEventHook = (event: AuditEvent) => unknown;
