import type { SecretPurpose } from '../credentials/secret-purposes.ts';

/** What a mail needs in order to be written. */
export interface MailRules {
  /** The purpose of its link and code; null: it has none. */
  readonly secret: SecretPurpose | null;
  /** The name of the link among the option `links`; null: it has none. */
  readonly link: 'reset' | null;
}

/** What a mail can be for. The names are those of the option `mails`. */
export const MAIL_PURPOSES = {
  /** Lets the owner of an account choose a new password. */
  resetPassword: { secret: 'reset', link: 'reset' },
  /** Tells the owner that the password was reset. */
  passwordWasReset: { secret: null, link: null },
} as const satisfies Readonly<Record<string, MailRules>>;

/** The name of a mail's purpose. */
export type MailPurpose = keyof typeof MAIL_PURPOSES;
