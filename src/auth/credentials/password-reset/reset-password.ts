import { InvalidInput, OneTimeSecretRefused } from '../../../kernel/errors.ts';
import { type Caller, identify } from '../../audit/caller.ts';
import { aboutUser } from '../../audit/event.ts';
import { type AuthContext, createRevocationArgs, revoke } from '../../context.ts';
import { InputReader } from '../../input.ts';
import { createMail } from '../../mail/queue-mail.ts';
import type { UserRecord } from '../../model.ts';
import {
  type PresentedSecret,
  type ProvenSecret,
  proveOneTimeSecret,
} from '../one-time-secrets.ts';
import { assertChosenPassword, readNewPassword } from '../passwords/password-rules.ts';

/** The longest token or code that is read, in characters. Ours are shorter. */
const SECRET_MAX = 256;

/** What resets a password. The names are those of the request. */
export type PasswordResetInput = {
  /** As for {@link NewUserInput}. */
  readonly new_password: string;
} & (
  | {
      /** That of the link in the mail. */
      readonly token: string;
    }
  | {
      /** What {@link PasswordReset.request} returned. */
      readonly request: string;
      /** The code in the mail. Case, hyphens and blanks do not matter. */
      readonly code: string;
    }
);

/** Replaces a forgotten password: see `PasswordReset.reset`. */
export async function resetPassword(
  context: AuthContext,
  input: unknown,
  caller: Caller,
): Promise<void> {
  const { settings } = context;
  const { presented, password } = readReset(context, input);
  const { appName } = settings;
  // What needs no user is checked first, as a code that was compared counts as an attempt.
  const anyUser = { username: null, email: null, name: null };
  await assertChosenPassword(password, 'new_password', { user: anyUser, appName });
  const proven = await proveOneTimeSecret(context, presented, { purpose: 'reset' });
  const user = await context.store.findUser({ id: proven.subject });
  if (user === undefined || user.disabledAt !== null) throw new OneTimeSecretRefused();
  await assertChosenPassword(password, 'new_password', { user, appName });
  await assertOther(context, user, password);
  const newHash = await context.hasher.hash(password);
  await replace(context, user, proven, { newHash, caller });
}

function readReset(
  { settings }: AuthContext,
  input: unknown,
): { presented: PresentedSecret; password: string } {
  const reader = new InputReader(input);
  const password = readNewPassword(reader, 'new_password', settings);
  const max = { max: SECRET_MAX };
  const isLink = reader.has('token');
  const presented = isLink
    ? { token: reader.string('token', max) }
    : { request: reader.string('request', max), code: reader.string('code', max) };
  reader.finish();
  return { presented, password };
}

/**
 * The attack: a thief who knows the old password asks for nothing. An operator who required a new one did so because
 * the old one may be known.
 */
async function assertOther(
  { hasher }: AuthContext,
  user: UserRecord,
  password: string,
): Promise<void> {
  if (user.passwordChangeRequiredAt === null) return;
  if (!(await hasher.verify(user.passwordHash, password)).ok) return;
  const problem = '"new_password" must differ from the current password.';
  throw new InvalidInput([{ field: 'new_password', problem, code: 'password_unchanged' }]);
}

async function replace(
  context: AuthContext,
  { id: userId, emailKey }: UserRecord,
  { data, use }: ProvenSecret,
  { newHash, caller }: { newHash: string; caller: Caller },
): Promise<void> {
  // The address to which the link was sent. It does not prove another one that the user may have by now.
  if (emailKey === null || data?.['emailKey'] !== emailKey) throw new OneTimeSecretRefused();
  const event = { type: 'password_reset', subject: aboutUser(userId) } as const;
  const notice = createMail(context, {
    purpose: 'passwordWasReset',
    recipient: emailKey,
    language: 'en',
  });
  const found = await revoke(
    context,
    context.store.changePassword({
      userId,
      verifiedHash: null,
      newHash,
      keep: null,
      consume: use,
      proven: { emailKey, notice },
      now: context.clock.now(),
      ...createRevocationArgs(context, event, identify(caller, userId)),
    }),
  );
  // Another request used the link, or it ended with a change of the password.
  if (!found) throw new OneTimeSecretRefused();
}
