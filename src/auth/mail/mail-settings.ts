import type { MailAddress, MailTemplates } from './message.ts';

/** The settings of mails. */
export interface MailSettings {
  /** Whether there is a mail server, or a function that sends mail. */
  readonly isSetUp: boolean;
  /** The sender; null: not set. */
  readonly from: MailAddress | null;
  /** Where links lead. `{token}` stands for the token. */
  readonly links: { readonly reset: string };
  /** Whether they lead to our own pages. */
  readonly leadsToOwnPages: boolean;
  /** The host's own texts. */
  readonly templates: MailTemplates;
}

/** What a link's template must have. */
export const TOKEN_PLACEHOLDER = '{token}';
