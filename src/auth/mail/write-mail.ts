import { MailNotSent } from '../../kernel/errors.ts';
import type { AuthContext } from '../context.ts';
import type { MailPurpose } from './mail-purposes.ts';
import type { MailContent, MailData } from './message.ts';
import { renderMail } from './render-mail.ts';
import { findMailCatalogue } from './texts/languages.ts';

/**
 * Writes the content of a mail, by the host's own text if there is one.
 * @throws {MailNotSent} when the host's function throws, or returns something that is not a mail
 */
export async function writeMail<Purpose extends MailPurpose>(
  { settings }: Pick<AuthContext, 'settings'>,
  purpose: Purpose,
  data: MailData[Purpose],
): Promise<MailContent> {
  const template = settings.mail.templates[purpose];
  if (template !== undefined) return callTemplate(purpose, () => template(data));
  const { language } = data;
  return renderMail(findMailCatalogue(language)[purpose], {
    language,
    names: Object.fromEntries(
      Object.entries(data).map(([name, value]) => [
        name,
        name === 'at' ? formatTime(Number(value), language) : String(value),
      ]),
    ),
    link: 'link' in data ? data.link : null,
    code: 'code' in data ? data.code : null,
  });
}

async function callTemplate(
  purpose: MailPurpose,
  template: () => MailContent | Promise<MailContent>,
): Promise<MailContent> {
  let content: MailContent;
  try {
    content = await template();
  } catch (error) {
    // The sentence of the error may quote the link.
    const name = error instanceof Error ? error.name : typeof error;
    throw new MailNotSent(`mails.${purpose} threw an error (${name}).`);
  }
  const { subject, text, html } = content ?? {};
  const isContent = [subject, text, html].every((it) => typeof it === 'string' && it !== '');
  // The attack: a line break in the subject would begin another header.
  if (!isContent || /[\r\n]/.test(subject)) {
    throw new MailNotSent(
      `mails.${purpose} must return { subject, text, html }, all of them texts and the subject on one line.`,
    );
  }
  return { subject, text, html };
}

/** A date and a time that mean the same everywhere. */
function formatTime(ms: number, language: string): string {
  const form = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const;
  return `${new Intl.DateTimeFormat(language, form).format(ms)} UTC`;
}
