import { createHmac } from 'node:crypto';
import { MailUnavailable } from '../../kernel/errors.ts';
import { createUuid } from '../../kernel/uuid.ts';
import type { Caller } from '../audit/caller.ts';
import type { AuthContext } from '../context.ts';
import { deriveRootKey } from '../keys/root-keys.ts';
import { findNetworks, isPrivateAddress } from '../limits/networks.ts';
import type { MailLimits, MailRecord } from '../ports/outbox.ts';
import type { MailPurpose } from './mail-purposes.ts';

/**
 * The limits of mails that a stranger can ask for. The attack: a stranger fills the mailbox of another person, or has
 * the server's address listed as a sender of spam.
 */
const MAIL_LIMITS: MailLimits = {
  intervalMs: 60_000,
  perDay: 8,
  perAskerAndHour: 60,
};

/** A mail to be made. */
export interface NewMail {
  readonly purpose: MailPurpose;
  /** Normalised. */
  readonly recipient: string;
  readonly language: string;
  /** The id that its one-time secret will have. Default: it has none. */
  readonly secretId?: string;
  /** Never secret. Default: nothing. */
  readonly data?: Readonly<Record<string, unknown>>;
}

type Context = Pick<AuthContext, 'clock' | 'random' | 'dataRoots'>;

/** Makes a mail for the verb that does what the mail announces. Nothing limits it. */
export function createMail({ clock, random }: Context, mail: NewMail): MailRecord {
  const now = clock.now();
  return {
    id: createUuid(clock, random),
    purpose: mail.purpose,
    recipient: mail.recipient,
    language: mail.language,
    secretId: mail.secretId ?? null,
    data: mail.data === undefined ? null : JSON.stringify(mail.data),
    bucket: null,
    asker: null,
    createdAt: now,
    attempts: 0,
    nextAttemptAt: now,
    problem: null,
    keepUntil: null,
  };
}

/**
 * Puts a mail that any caller can ask for into the outbox, unless a limit is reached. The caller must not be told
 * which of the two happened.
 * @throws {MailUnavailable} when no mail can be sent
 * @throws {StoreUnavailable}
 */
export async function queueMail(
  context: AuthContext,
  mail: NewMail,
  caller: Caller,
): Promise<void> {
  if (!context.settings.mail.isSetUp) throw new MailUnavailable();
  const asker = nameAsker(context, caller);
  const nameIt = (...texts: string[]) => createLimitMac(context, texts);
  await context.store.queueMail({
    mail: {
      ...createMail(context, mail),
      bucket: nameIt('mail', mail.recipient, mail.purpose, asker ?? ''),
      asker: asker === null ? null : nameIt('asker', asker),
    },
    limits: MAIL_LIMITS,
  });
}

/** The attack: a thief of the table learns who asked for mails to whom. */
function createLimitMac(context: Context, texts: readonly string[]): string {
  const [root] = context.dataRoots();
  if (root === undefined) throw new Error('There is no root key for data.');
  const key = deriveRootKey(root, 'limits of mails v1');
  return createHmac('sha256', key).update(JSON.stringify(texts)).digest('base64url').slice(0, 22);
}

/**
 * Names the network that asks. Null: the host's own code, or an address that many people may share, such as that of a
 * proxy which the settings do not name.
 */
function nameAsker({ settings: { limits } }: AuthContext, { address }: Caller): string | null {
  if (address === null) return null;
  const countsPrivate = limits !== false && limits.privateAddresses;
  if (!countsPrivate && isPrivateAddress(address)) return null;
  return findNetworks(address)?.address ?? null;
}
