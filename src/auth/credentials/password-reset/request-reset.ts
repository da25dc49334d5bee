import { createUuid } from '../../../kernel/uuid.ts';
import type { Caller } from '../../audit/caller.ts';
import { trimUserAgent } from '../../audit/event-maker.ts';
import type { AuthContext } from '../../context.ts';
import { InputReader } from '../../input.ts';
import { queueMail } from '../../mail/queue-mail.ts';
import { chooseLanguage } from '../../mail/texts/languages.ts';
import { EMAIL_MAX, findEmailKey } from '../../users/identifiers.ts';

/** What a person who forgot the password gives. The names are those of the request. */
export interface ForgottenPasswordInput {
  /** The email address of the account. */
  readonly email: string;
}

/**
 * Puts the mail into the outbox: see `PasswordReset.request`.
 *
 * The attack: a stranger finds out who has an account, by the answer or by its time. Nothing here asks whether there is
 * one. That is decided when the mail is sent, at another time and by another part of the program.
 */
export async function requestReset(
  context: AuthContext,
  input: unknown,
  caller: Caller,
  acceptLanguage?: string,
): Promise<{ readonly request: string }> {
  const reader = new InputReader(input);
  const email = reader.optionalIdentifier('email', { max: EMAIL_MAX });
  const recipient = email === undefined ? undefined : findEmailKey(email);
  if (!reader.has('email')) reader.problem('email', '"email" is missing.');
  else if (email !== undefined && recipient === undefined) {
    const problem = '"email" must be an email address, such as jane@example.com.';
    reader.problem('email', problem);
  }
  reader.finish();
  if (recipient === undefined) throw new Error('An address without a problem was not read.');
  const secretId = createUuid(context.clock, context.random);
  const mail = {
    purpose: 'resetPassword',
    recipient,
    language: chooseLanguage(acceptLanguage),
    secretId,
    // For the audit trail.
    data: { address: caller.address, userAgent: trimUserAgent(caller.userAgent) },
  } as const;
  await queueMail(context, mail, caller);
  return { request: secretId };
}
