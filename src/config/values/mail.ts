import { isIP } from 'node:net';
import { quote, type Refuse } from '../setting-error.ts';

/** A mail server. */
export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** Whether the connection begins with TLS. Otherwise it is upgraded by STARTTLS. */
  readonly secure: boolean;
  /** Null: the server asks for no name and password. */
  readonly login: { readonly user: string; readonly password: string } | null;
}

/** What stands for no server. */
const NONE = 'none';
const EXAMPLE = 'smtps://user:password@mail.example.com, or smtp://… for STARTTLS';

/** The mail server. The value may hold a password, so nothing of it is quoted. */
export function parseMailUrl(text: string, refuse: Refuse): MailServer | undefined {
  if (text === NONE) return undefined;
  const url = URL.parse(text);
  if (url === null || !/^smtps?:$/.test(url.protocol) || url.hostname === '') {
    return refuse('is not the address of a mail server.', `Write ${EXAMPLE}.`);
  }
  // Options in the address could switch the encryption off.
  if (url.search !== '' || url.hash !== '' || !['', '/'].includes(url.pathname)) {
    return refuse(
      'has more than a server.',
      `Write ${EXAMPLE}, with nothing after the host and port.`,
    );
  }
  const secure = url.protocol === 'smtps:';
  const user = decode(url.username);
  const password = decode(url.password);
  if (user === undefined || password === undefined || (user === '') !== (password === '')) {
    return refuse(
      'has a name or a password that cannot be read.',
      'Give both, percent-encoded: encodeURIComponent("…") in JavaScript.',
    );
  }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    login: user === '' ? null : { user, password },
  };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

/** The sender of mails. */
export interface MailSenderAddress {
  /** For people; `''`: none. */
  readonly name: string;
  readonly address: string;
}

/** As strict as our own readers of addresses need it: no quotes, no comments, one mailbox. */
const ADDRESS = /^[^\s\p{C}@"(),:;<>[\\\]]{1,64}@([a-z0-9-]+(?:\.[a-z0-9-]+)*)$/iu;

/** The sender: `Name <address>`, or the address alone. */
export function parseMailFrom(text: string, refuse: Refuse): MailSenderAddress | undefined {
  if (text === NONE) return undefined;
  const [, name = '', inBrackets] = /^([^<>]*)<([^<>]*)>$/.exec(text.trim()) ?? [];
  const address = (inBrackets ?? text).trim();
  const host = ADDRESS.exec(address)?.[1];
  if (host === undefined || isIP(host) !== 0 || /[\p{C}"]/u.test(name)) {
    return refuse(
      `${quote(text)} is not a sender.`,
      'Give an address, or a name and an address: Example <hello@example.com>.',
    );
  }
  return { name: name.trim(), address };
}
