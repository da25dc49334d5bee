import type { MailPurpose } from './mail-purposes.ts';

/** A mailbox. */
export interface MailAddress {
  /** For people; `''`: none. */
  readonly name: string;
  /** Such as `jane@example.com`. */
  readonly address: string;
}

/** The part of a mail that people read. */
export interface MailContent {
  /** One line. */
  readonly subject: string;
  /** The plain text. A code stands alone on a line. */
  readonly text: string;
  /** A whole HTML document, without remote content. */
  readonly html: string;
}

/** A mail, ready to be sent. */
export interface MailMessage extends MailContent {
  /**
   * For the `Message-ID`, without `<` and `>`. A mail that is sent again, because the outcome was not known, has
   * the same one.
   */
  readonly id: string;
  /** What it is for. */
  readonly purpose: MailPurpose;
  /** The language of its texts, such as `en`. */
  readonly language: string;
  /** The setting `mailFrom`; null: it is not set. */
  readonly from: MailAddress | null;
  /** The address of the account, without a name. */
  readonly to: MailAddress;
  /** Further headers. They keep programs that answer mail from answering this one. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Sends a mail. It is never called within a request. If it throws, the mail is sent again later, for up to a day and a half.
 *
 * ```ts
 * await app.register(latchkey, { sendMail: (mail) => provider.send(mail.to.address, mail.subject, mail.html) });
 * ```
 */
export type SendMail = (message: MailMessage) => void | Promise<void>;

/** What each mail knows. */
export interface CommonMailData {
  /** The setting `appName`. */
  readonly appName: string;
  /** The language that was chosen, such as `en`. */
  readonly language: string;
}

/** What the text of a mail is made of, by its purpose. */
export interface MailData {
  /** Lets the owner of an account choose a new password. */
  readonly resetPassword: CommonMailData & {
    /** Leads to the page where the user chooses a new password. */
    readonly link: string;
    /** `XXXX-XXXX`. */
    readonly code: string;
    /** Minutes for which the link works. */
    readonly linkMinutes: number;
    /** Minutes for which the code works. */
    readonly codeMinutes: number;
  };
  /** Tells the owner that the password was reset. */
  readonly passwordWasReset: CommonMailData & {
    /** When it happened; ms since the epoch. */
    readonly at: number;
  };
}

/** Texts of your own in place of ours, by the purpose of the mail. */
export type MailTemplates = {
  readonly [Purpose in MailPurpose]?: (
    data: MailData[Purpose],
  ) => MailContent | Promise<MailContent>;
};

/** Where the links of mails lead, if your app has pages of its own. `{token}` stands for the token. */
export interface MailLinks {
  /** Such as `https://app.example.com/reset?token={token}`. */
  readonly reset?: string;
}
