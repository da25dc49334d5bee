/**
 * Says that an issuer has another name than the guard was given, what differs, and the two ways to correct it.
 * @param source where the other name was found, as the subject of a sentence
 */
export function describeWrongIssuer(source: string, given: string, named: string): string {
  const [here, there] = [quote(given), quote(named)];
  return (
    `${source} names another issuer: ${there}. This guard was given ${here}. ${findDifference(given, named)}` +
    `Give the guard the issuer ${there}, exactly as its tokens name it ("iss"). If that name is wrong, ` +
    `correct it at the server (LATCHKEY_ISSUER).`
  );
}

/** A name in a message: on one line, and not longer than a person reads. */
export function quote(name: string): string {
  return JSON.stringify(name.length > 200 ? `${name.slice(0, 200)}…` : name);
}

function findDifference(given: string, named: string): string {
  const [one, other] = [URL.parse(given), URL.parse(named)];
  if (one === null || other === null) return '';
  if (given.replace(/\/$/, '') === named.replace(/\/$/, '')) {
    return 'They differ in the slash at the end. ';
  }
  const differences = [
    one.protocol === other.protocol ? '' : `${scheme(one)} is not ${scheme(other)}`,
    one.hostname === other.hostname ? '' : `${one.hostname} is not ${other.hostname}`,
    one.port === other.port ? '' : 'the ports differ',
    one.pathname === other.pathname ? '' : 'the paths differ',
  ].filter((difference) => difference !== '');
  return differences.length === 0
    ? 'They differ only in how they are written. '
    : `Issuers are compared character by character: ${differences.join(', and ')}. `;
}

const scheme = ({ protocol }: URL) => protocol.slice(0, -1);

/** What is probably wrong where a connection failed. */
export interface ConnectionMistake {
  /** A sentence that begins with a space; `''` where the error says enough. */
  readonly hint: string;
  /** Whether time alone will not help. */
  readonly isSetUpWrong: boolean;
}

/** @param error what `fetch` threw */
export function explainConnection(url: string, error: unknown): ConnectionMistake {
  const code = findCode(error);
  const { protocol, hostname } = new URL(url);
  const wrong = (hint: string) => ({ hint: ` ${hint}`, isSetUpWrong: true });
  const maybe = (hint: string) => ({ hint: ` ${hint}`, isSetUpWrong: false });
  if (protocol === 'https:' && isPlainAnswer(code, error)) {
    return wrong('This server does not speak https. If it speaks http, write http://.');
  }
  // The first is what `fetch` throws, the second what `node:http` does.
  if (protocol === 'http:' && (code === 'HTTPParserError' || code.startsWith('HPE_'))) {
    return wrong('This server does not speak http. If it speaks https, write https://.');
  }
  if (protocol === 'http:' && (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET')) {
    return maybe('If this server speaks https, write https://.');
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return wrong('Use the host name that the certificate is for.');
  }
  if (/CERT|UNABLE_TO_VERIFY|HOSTNAME_MISMATCH/.test(code)) {
    return wrong(
      'Correct the certificate of the server, or name its authority in NODE_EXTRA_CA_CERTS.',
    );
  }
  if (code === 'ECONNREFUSED') {
    const isHere = /^(localhost|127\.|\[::1\])/.test(hostname);
    const where = isHere ? ` In a container, ${hostname} is the container itself.` : '';
    return maybe(`Nothing listens there: is the server running, and the port right?${where}`);
  }
  if (code === 'ENOTFOUND') return maybe('There is no host of this name.');
  return { hint: '', isSetUpWrong: false };
}

/**
 * Whether the server did not answer a TLS handshake in TLS. Where writing fails before the answer is read, only the
 * message names the reason that OpenSSL gave.
 */
function isPlainAnswer(code: string, error: unknown): boolean {
  if (/SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/.test(code)) return true;
  const message = code === 'EPROTO' && error instanceof Error ? error.message : '';
  return /wrong version number|packet length too long/.test(message);
}

/** `fetch` hides the reason in the cause, and several attempts in an AggregateError. */
function findCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // Of all the errors of `fetch`, this one has no code in some versions of Node.
  if (error.name === 'HTTPParserError') return error.name;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error.cause !== undefined) return findCode(error.cause);
  return error instanceof AggregateError ? findCode(error.errors[0]) : '';
}
