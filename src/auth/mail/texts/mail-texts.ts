import type { MailPurpose } from '../mail-purposes.ts';

/**
 * One part of a mail, in its order: a paragraph, the link with the words of its button, or the code. Names in braces
 * stand for the members of the mail's data: `{appName}`.
 */
export type MailBlock = string | { readonly button: string } | { readonly code: true };

/** The texts of one mail in one language. */
export interface MailTexts {
  readonly subject: string;
  readonly title: string;
  readonly blocks: readonly MailBlock[];
  /** The last paragraph, in small print: why the reader gets this mail. */
  readonly footer: string;
}

/** The texts of all mails in one language. The compiler keeps them complete. */
export type MailCatalogue = Readonly<Record<MailPurpose, MailTexts>>;
