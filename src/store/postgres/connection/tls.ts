import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { PostgresTls } from '../../../config/postgres/tls.ts';
import { InvalidSetting } from '../../../kernel/errors.ts';
import { toConnectionError } from './connection-failures.ts';

interface Address {
  /** A name, an address, or the folder of a socket. */
  readonly host: string;
  readonly port: number;
}

/**
 * The driver's options for TLS, or false: the server offers none, and none is required.
 * @throws {InvalidSetting} for a file that cannot be used
 * @throws {StoreUnavailable} if the server had to be asked and did not answer
 */
export async function createTlsOptions(
  tls: PostgresTls,
  address: Address,
  timeoutMs: number,
): Promise<ConnectionOptions | false> {
  const options = readFiles(tls);
  if (tls.mode === 'prefer' && !(await offersTls(address, timeoutMs))) return false;
  return options;
}

function readFiles({
  mode,
  rootCert,
  client,
  revoked,
  ...versions
}: PostgresTls): ConnectionOptions {
  const { minVersion, maxVersion } = versions;
  const options: ConnectionOptions = {
    rejectUnauthorized: mode === 'verify-ca' || mode === 'verify-full',
    ...(mode === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
    ...(minVersion === undefined ? {} : { minVersion }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  };
  if (rootCert !== undefined) options.ca = readPem('sslrootcert', rootCert, 'ca');
  if (revoked !== undefined) options.crl = readPem('sslcrl', revoked, 'crl');
  if (client !== undefined) {
    options.cert = readPem('sslcert', client.cert, 'cert');
    assertPrivate(client.key);
    options.key = readFile('sslkey', client.key);
    if (client.password !== undefined) options.passphrase = client.password;
    assertPair(options);
  }
  return options;
}

function readPem(parameter: string, path: string, use: 'ca' | 'cert' | 'crl'): string {
  const text = readFile(parameter, path);
  try {
    createSecureContext({ [use]: text });
    // Node.js reads a text without any certificate as an empty list.
    if (/^-----BEGIN /m.test(text)) return text;
  } catch {
    // Refused below.
  }
  return refuse(parameter, path, 'is not a PEM file of that kind', 'Name the right file.');
}

function readFile(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    return refuse(
      parameter,
      path,
      `cannot be read (${code})`,
      'Check the path, and that this user may read the file.',
    );
  }
}

/** As libpq does. Stops the attack of another user of the machine, who could read the key and pass for this client. */
function assertPrivate(path: string): void {
  const found =
    process.platform === 'win32' ? undefined : statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  const forbidden = found.uid === 0 ? 0o037 : 0o077;
  if ((found.mode & forbidden) !== 0) {
    refuse('sslkey', path, 'is open to other users', `Run: chmod 600 '${path}'`);
  }
}

function assertPair({ cert, key, passphrase }: ConnectionOptions): void {
  try {
    createSecureContext({ cert, key, passphrase });
  } catch {
    throw new InvalidSetting(
      'LATCHKEY_DATABASE_URL',
      'the key of sslkey cannot be read, or is not that of the certificate of sslcert.',
      'Name the two files of one pair; if the key is encrypted, add sslpassword.',
    );
  }
}

function refuse(parameter: string, path: string, problem: string, fix: string): never {
  throw new InvalidSetting(
    'LATCHKEY_DATABASE_URL',
    `the file ${JSON.stringify(path)} of ${parameter} ${problem}.`,
    fix,
  );
}

/** The request for TLS. A server answers S or N. */
const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 4, 210, 22, 47);

async function offersTls({ host, port }: Address, timeoutMs: number): Promise<boolean> {
  const socket = connect({ host, port });
  const limit = setTimeout(() => socket.destroy(new Error('timeout expired')), timeoutMs);
  try {
    socket.write(SSL_REQUEST);
    const [answer] = await once(socket, 'data');
    return answer[0] === 'S'.charCodeAt(0);
  } catch (error) {
    throw toConnectionError(error);
  } finally {
    clearTimeout(limit);
    socket.destroy();
  }
}
