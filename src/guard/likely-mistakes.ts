/** Says that an issuer has another name than the guard was given, and what the mistake probably is. */
export function describeWrongIssuer(url: string, given: string, named: string): string {
  const reason = findDifference(given, named);
  return (
    `The metadata at ${url} is of another issuer: it names ${JSON.stringify(named.slice(0, 200))}, and this guard was given ` +
    `${JSON.stringify(given)}. ${reason}Give the issuer exactly as its tokens name it ("iss").`
  );
}

function findDifference(given: string, named: string): string {
  const [one, other] = [URL.parse(given), URL.parse(named)];
  if (one === null || other === null) return '';
  if (given.replace(/\/$/, '') === named.replace(/\/$/, '')) {
    return `They differ in the slash at the end. `;
  }
  const differences = [
    one.protocol === other.protocol
      ? ''
      : `${one.protocol.slice(0, -1)} is not ${other.protocol.slice(0, -1)}`,
    one.hostname === other.hostname ? '' : `${one.hostname} is not ${other.hostname}`,
    one.port === other.port ? '' : 'the ports differ',
    one.pathname === other.pathname ? '' : 'the paths differ',
  ].filter((difference) => difference !== '');
  if (differences.length === 0)
    return 'They differ in upper and lower case, or in a default port. ';
  return `To a guard, ${differences.join(', and ')}. `;
}

/**
 * What is probably wrong with an address that could not be reached, by the error of the connection.
 * @returns a sentence that begins with a space, or nothing
 */
export function suggestAddress(url: string, error: unknown): string {
  const code = findCode(error);
  const { protocol, hostname } = new URL(url);
  if (protocol === 'https:' && /SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/.test(code)) {
    return ' This server does not speak https. If it speaks http, write http://.';
  }
  if (protocol === 'http:' && (code.startsWith('HPE_') || code === 'UND_ERR_SOCKET')) {
    return ' If this server speaks https, write https://.';
  }
  if (code === 'ECONNREFUSED') {
    const other =
      hostname === 'localhost' ? '127.0.0.1' : hostname === '127.0.0.1' ? 'localhost' : '';
    const where = other === '' ? '' : ` or listens on ${other} alone, or in another container`;
    return ` Nothing listens there: the server is not running yet${where}.`;
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return ' There is no host of this name.';
  return '';
}

/** fetch hides the reason in the cause, and several attempts in an AggregateError. */
function findCode(error: unknown): string {
  if (!(error instanceof Error)) return '';
  if ('code' in error && typeof error.code === 'string' && error.code !== '') return error.code;
  if (error.cause !== undefined) return findCode(error.cause);
  return error instanceof AggregateError ? findCode(error.errors[0]) : '';
}
