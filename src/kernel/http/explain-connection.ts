import { isLoopback } from '../encoding/loopback.ts';

/** What is probably wrong when a connection failed. */
export interface ConnectionMistake {
  /** A sentence after a space, or `''` if the error says enough. */
  readonly hint: string;
  /** Whether waiting will not help, because the set-up is wrong. */
  readonly isSetUpWrong: boolean;
}

/** @param error what `fetch` or `node:http` threw */
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
    const where = isLoopback(hostname)
      ? ` In a container, ${hostname} is the container itself.`
      : '';
    return maybe(`Nothing listens there: is the server running, and the port right?${where}`);
  }
  if (code === 'ENOTFOUND') return maybe('This host name does not exist.');
  return { hint: '', isSetUpWrong: false };
}

/**
 * Whether the server answered a TLS handshake with something other than TLS. If writing fails before that is read, only
 * the message contains OpenSSL's reason.
 */
function isPlainAnswer(code: string, error: unknown): boolean {
  if (/SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/.test(code)) return true;
  const message = code === 'EPROTO' && error instanceof Error ? error.message : '';
  return /wrong version number|packet length too long/.test(message);
}

/** Finds the code of the reason. `fetch` puts it into the cause, and several attempts into an AggregateError. */
function findCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  // In some versions of Node.js this error has no code.
  if (error.name === 'HTTPParserError') return error.name;
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error.cause !== undefined) return findCode(error.cause);
  return error instanceof AggregateError ? findCode(error.errors[0]) : '';
}
