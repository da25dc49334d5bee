import { IdentifierTaken, RegistrationClosed } from '../../kernel/errors.ts';
import { type Caller, identify } from '../audit/caller.ts';
import type { AuthContext } from '../context.ts';
import { assertChosenPassword } from '../credentials/passwords/password-rules.ts';
import { askBeforeRegister } from '../hooks/before-register.ts';
import { askBeforeSignIn } from '../hooks/before-sign-in.ts';
import { beginRegistration, rememberDevice } from '../limits/sign-in-attempt.ts';
import { toUser, type User, type UserRecord } from '../model.ts';
import { createSession } from '../sessions/new-session.ts';
import { type IssuedTokens, issue, toIssuedTokens } from '../sessions/tokens/issued-tokens.ts';
import type { TokenLimits } from '../sessions/tokens/token-limits.ts';
import { parseNewUser } from './new-user.ts';
import { createUserRecord, findUserWithSameName, insertUser } from './user-records.ts';

/** Creates a user and signs the user in, in one transaction: see `Auth.register`. */
export async function register(
  context: AuthContext,
  input: unknown,
  caller: Caller,
  limits?: TokenLimits,
): Promise<IssuedTokens> {
  const record = await createNewRecord(context, input, caller);
  await askBeforeSignIn(context, record, caller);
  const session = createSession(context, {
    userId: record.id,
    amr: ['pwd'],
    scope: null,
    clientId: null,
    caller,
  });
  const tokens = toIssuedTokens(context, await issue(context, record, session, limits), session);
  const registered = { type: 'user_registered' } as const;
  await insertUser(context, record, session, registered, identify(caller, record.id));
  return { ...tokens, ...rememberDevice(context, record, caller) };
}

/** Creates a user and starts no session: see `Auth.createAccount`. */
export async function createAccount(
  context: AuthContext,
  input: unknown,
  caller: Caller,
): Promise<User> {
  const record = await createNewRecord(context, input, caller);
  await insertUser(context, record, null, { type: 'user_registered' }, identify(caller, record.id));
  return toUser(record);
}

/** @throws {TooManyAttempts} when the caller's network has created too many accounts */
async function createNewRecord(
  context: AuthContext,
  input: unknown,
  caller: Caller,
): Promise<UserRecord> {
  const { settings } = context;
  // Before anything is read: the response must not depend on whether the names are taken.
  if (settings.registration === 'closed') throw new RegistrationClosed();
  const parsed = parseNewUser(input, settings);
  await assertChosenPassword(parsed.password, 'password', {
    user: parsed,
    appName: settings.appName,
  });
  // A name that is taken counts too. The attack: to ask for one name after another which of them have accounts.
  await beginRegistration(context, caller);
  await askBeforeRegister(context, parsed, caller);
  // Before hashing: a name that is known to be taken must not cost a hash. The insert decides races.
  const existing = await findUserWithSameName(context, parsed);
  if (existing !== undefined) throw new IdentifierTaken(existing.field);
  return createUserRecord(context, parsed, { isStranger: caller.address !== null });
}
