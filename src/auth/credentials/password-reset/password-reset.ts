import type { Caller } from '../../audit/caller.ts';
import { anonymousCaller } from '../../audit/caller.ts';
import type { AuthContext } from '../../context.ts';
import { type ForgottenPasswordInput, requestReset } from './request-reset.ts';
import { type PasswordResetInput, resetPassword } from './reset-password.ts';
import { findResetSubject, type ResetSubject } from './reset-subject.ts';

/**
 * What people do who have forgotten their password: they ask for a mail, and choose a new password with the link or the
 * code in it.
 */
export class PasswordReset {
  readonly #context: AuthContext;

  constructor(context: AuthContext) {
    this.#context = context;
  }

  /**
   * Asks for the mail. The result, its time and what is written are the same whether or not there is such an account.
   * The mail is sent afterwards.
   * @param acceptLanguage the header of the request. Default: the mail is in English
   * @returns the `request`, without which the code in the mail is refused
   * @throws {InvalidInput}
   * @throws {MailUnavailable} when no mail can be sent
   * @throws {StoreUnavailable}
   */
  request(
    input: ForgottenPasswordInput,
    caller?: Caller,
    acceptLanguage?: string,
  ): Promise<{ readonly request: string }> {
    return this.requestRaw(input, caller, acceptLanguage);
  }

  /** Does the same as {@link request} with what a request sent. */
  requestRaw(
    input: unknown,
    caller: Caller = anonymousCaller,
    acceptLanguage?: string,
  ): Promise<{ readonly request: string }> {
    return requestReset(this.#context, input, caller, acceptLanguage);
  }

  /**
   * Replaces the password with the link or the code of the mail, and ends all sessions, open links, codes and
   * challenges of the user, who is told by mail. The address counts as verified from then on.
   * @throws {InvalidInput} the link can be used again
   * @throws {OneTimeSecretRefused} when link or code are not valid, have expired or were used
   * @throws {ServerOverloaded}
   * @throws {StoreUnavailable}
   */
  reset(input: PasswordResetInput, caller?: Caller): Promise<void> {
    return this.resetRaw(input, caller);
  }

  /** Does the same as {@link reset} with what a request sent. */
  resetRaw(input: unknown, caller: Caller = anonymousCaller): Promise<void> {
    return resetPassword(this.#context, input, caller);
  }

  /**
   * Finds out whose password a link resets, for the page that it leads to. Nothing is used up.
   * @returns undefined if the link is not valid
   * @throws {StoreUnavailable}
   */
  findSubject(token: string): Promise<ResetSubject | undefined> {
    return findResetSubject(this.#context, token);
  }
}
