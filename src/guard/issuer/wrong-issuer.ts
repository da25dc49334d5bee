/**
 * Says that an issuer has another name than the guard was given, what differs, and how to correct it.
 * @param source where the other name was found, as the subject of a sentence
 * @param given the name that the guard was given
 * @param named the name that was found
 */
export function describeWrongIssuer(source: string, given: string, named: string): string {
  const [here, there] = [quote(given), quote(named)];
  return (
    `${source} names another issuer: ${there}. This guard was given ${here}. ${findDifference(given, named)}` +
    `Give the guard the issuer ${there}, exactly as its tokens name it ("iss"). If that name is wrong, ` +
    `correct it at the server (LATCHKEY_ISSUER).`
  );
}

/** Quotes a name in a message: on one line, and cut to 200 characters. */
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
