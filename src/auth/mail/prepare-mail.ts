import type { Caller } from '../audit/caller.ts';
import { anonymousCaller } from '../audit/caller.ts';
import { aboutUser } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';
import {
  createOneTimeSecret,
  findOneTimeSecret,
  type OneTimeSecret,
} from '../credentials/one-time-secrets.ts';
import { SECRET_PURPOSES, type SecretPurpose } from '../credentials/secret-purposes.ts';
import type { UserRecord } from '../model.ts';
import type { MailRecord } from '../ports/outbox.ts';
import { MAIL_PURPOSES } from './mail-purposes.ts';
import { TOKEN_PLACEHOLDER } from './mail-settings.ts';
import type { MailContent, MailMessage } from './message.ts';
import { writeMail } from './write-mail.ts';

/** Programs that answer mail, such as notes of absence, leave these alone. @see RFC 3834 section 5 */
const HEADERS = { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' };

/**
 * Makes the message of a mail: finds out who has the address, and makes the one-time secret, or derives its values
 * again at a later attempt.
 * @returns undefined if no account can get it
 * @throws {MailNotSent} when a text of the host fails
 * @throws {StoreUnavailable}
 */
export async function prepareMail(
  context: AuthContext,
  mail: MailRecord,
): Promise<MailMessage | undefined> {
  const { settings, store } = context;
  const { id, purpose, recipient, language } = mail;
  if (recipient === null) return undefined;
  const user = await store.findUser({ emailKey: recipient });
  if (user === undefined || user.email === null || user.disabledAt !== null) return undefined;
  const content = await write(context, mail, user);
  if (content === undefined) return undefined;
  const { hostname } = new URL(settings.issuer);
  return {
    ...content,
    id: `${id}@${hostname.replace(/[[\]]/g, '')}`,
    purpose,
    language,
    from: settings.mail.from,
    // The stored address, never the one that was typed. The attack: two addresses that are one when normalised, and
    // two mailboxes at the provider.
    to: { name: '', address: user.email },
    headers: HEADERS,
  };
}

async function write(
  context: AuthContext,
  mail: MailRecord,
  user: UserRecord,
): Promise<MailContent | undefined> {
  const { appName } = context.settings;
  const { language, purpose } = mail;
  const common = { appName, language };
  if (purpose === 'passwordWasReset') {
    return writeMail(context, purpose, { ...common, at: mail.createdAt });
  }
  const secret = await findOrCreateSecret(context, mail, user);
  if (secret?.code === undefined || secret.code === null) return undefined;
  const { lifetimeSeconds, codeLifetimeSeconds } = SECRET_PURPOSES[MAIL_PURPOSES[purpose].secret];
  return writeMail(context, purpose, {
    ...common,
    // No function as the replacement would read `$&` in a token. A token has no such character.
    link: context.settings.mail.links.reset.replace(TOKEN_PLACEHOLDER, () => secret.token),
    code: secret.code,
    linkMinutes: lifetimeSeconds / 60,
    codeMinutes: codeLifetimeSeconds / 60,
  });
}

/**
 * The secret lives from when its mail is sent. A later attempt has the same link and code while at least half of the
 * code's life is left; otherwise it gets new ones under the same id, which the person who asked was told.
 * @returns undefined if as many secrets live already as may
 */
async function findOrCreateSecret(
  context: AuthContext,
  mail: MailRecord,
  user: UserRecord,
): Promise<OneTimeSecret | undefined> {
  const purpose: SecretPurpose | null = MAIL_PURPOSES[mail.purpose].secret;
  if (purpose === null || mail.secretId === null) return undefined;
  const about = { id: mail.secretId, purpose, subject: user.id };
  const found = await findOneTimeSecret(context, about);
  const now = context.clock.now();
  const leastLeft = SECRET_PURPOSES[purpose].codeLifetimeSeconds * 500;
  if (found !== undefined && (found.codeExpiresAt ?? found.expiresAt) - now >= leastLeft)
    return found;
  const data = { emailKey: user.emailKey };
  const secret = await createOneTimeSecret(context, { ...about, data });
  if (secret !== undefined && mail.attempts === 1) {
    const asked = { type: 'password_reset_requested', subject: aboutUser(user.id) } as const;
    await context.store.recordEvent(context.createEvent(asked, readAsker(mail)));
  }
  return secret;
}

/** Who asked for the mail, as the audit trail records it. */
function readAsker({ data }: MailRecord): Caller {
  const { address = null, userAgent = null } = data === null ? {} : JSON.parse(data);
  return { ...anonymousCaller, address, userAgent };
}
