import { link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { protectFolder } from '../config/private-files.ts';
import { describeKnownMaterial } from '../jwt/keys/known-material.ts';
import { findSecretWeakness } from '../jwt/keys/secret-strength.ts';
import { InvalidSetting } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { syncDirectory } from '../kernel/sync-directory.ts';

const fileName = 'secret';
const nextName = 'secret.next';
const temporaryName = /^secret\.[0-9a-f]{16}\.tmp$/;
const secretBytes = 32;
const mostBytes = 4096;
/** Each is one lost race against another process that starts. */
const mostAttempts = 20;

/**
 * Reads the secret that the data directory keeps in `secret`, or makes one: 32 random bytes as
 * base64url, readable by this user alone, and on the disk before it is returned. Processes that start at
 * once all get the same one, and none ever reads half a file. One line break at the end is not part of it.
 *
 * @param dataDir made, for this user alone, if it is not there
 * @param onNotice told of what was repaired, in a sentence for the operator
 * @throws {InvalidSetting} when the file is empty, too weak, unreadable or readable by other users, or
 * the directory cannot be written
 */
export async function loadOrCreateSecret(
  dataDir: string,
  random: Random,
  onNotice: (text: string) => void = () => {},
): Promise<string> {
  const directory = resolve(dataDir);
  const file = join(directory, fileName);
  await makeDirectory(directory);
  for (const text of protectFolder(directory, refuseFolder)) onNotice(text);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const secret = (await findSecret(file)) ?? (await tryCreate(directory, file, random));
    if (secret === undefined) continue;
    await removeLeftovers(directory);
    return secret;
  }
  throw new InvalidSetting(
    'LATCHKEY_DATA_DIR',
    `${file} keeps coming and going, or is a link to nowhere.`,
    'See what else writes to this directory.',
  );
}

/**
 * The secret that the data directory keeps; undefined where it keeps none.
 * @throws {InvalidSetting} as {@link loadOrCreateSecret}
 */
export function findStoredSecret(dataDir: string): Promise<string | undefined> {
  return findSecret(join(resolve(dataDir), fileName));
}

/**
 * The secret that is to replace the one in the data directory. It is kept in `secret.next` until it does,
 * so that a rotation that was interrupted goes on with the same one.
 * @throws {InvalidSetting} as {@link loadOrCreateSecret}
 */
export async function prepareNextSecret(dataDir: string, random: Random): Promise<string> {
  const directory = resolve(dataDir);
  const file = join(directory, nextName);
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const secret = (await findSecret(file)) ?? (await tryCreate(directory, file, random));
    if (secret !== undefined) return secret;
  }
  return refuse(file, 'keeps coming and going', 'See what else writes to this directory.');
}

/** Puts the prepared secret in the place of the old one, at once and for good. */
export async function adoptNextSecret(dataDir: string): Promise<void> {
  const directory = resolve(dataDir);
  try {
    await rename(join(directory, nextName), join(directory, fileName));
    await syncDirectory(directory);
  } catch (error) {
    // Another process did it.
    if (codeOf(error) !== 'ENOENT') refuseDirectory(directory, codeOf(error));
  }
}

/** Removes a secret that was prepared and is not to be used. */
export async function discardNextSecret(dataDir: string): Promise<void> {
  await remove(join(resolve(dataDir), nextName));
}

async function makeDirectory(directory: string): Promise<void> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: 0o700 });
    if (made !== undefined) await syncDirectory(dirname(made));
  } catch (error) {
    refuseDirectory(directory, codeOf(error));
  }
}

function refuseFolder(problem: string, fix: string): never {
  throw new InvalidSetting('LATCHKEY_DATA_DIR', problem, fix);
}

function refuseDirectory(directory: string, code: string): never {
  throw new InvalidSetting(
    'LATCHKEY_DATA_DIR',
    `no secret can be kept in ${directory} (${code}).`,
    'Give a directory that this user may write, on a file system with hard links, or set LATCHKEY_SECRET yourself.',
  );
}

/** @returns undefined where there is none yet */
async function findSecret(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, 'r');
    const { mode, size } = await handle.stat();
    assertPrivate(file, mode);
    if (size > mostBytes) refuse(file, `is larger than ${mostBytes} bytes`, startAnew(file));
    const secret = (await handle.readFile('utf8')).replace(/\r?\n$/, '');
    assertSecret(file, secret);
    return secret;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    if (error instanceof InvalidSetting) throw error;
    return refuse(
      file,
      `cannot be read (${codeOf(error)})`,
      'Run the server as the user who owns it, or give that user the file.',
    );
  }
}

/** The attack: another user of the machine who reads the secret can sign in as anybody. */
function assertPrivate(file: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  refuse(
    file,
    `is open to other users (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    `Run: chmod 600 '${file}'. If others may have read it, remove it instead: a new one ends every session.`,
  );
}

function assertSecret(file: string, secret: string): void {
  if (secret === '') refuse(file, 'is empty', startAnew(file));
  if (secret !== secret.trim()) refuse(file, 'has white space around the secret', 'Remove it.');
  const known = describeKnownMaterial(secret);
  if (known !== undefined) refuse(file, `holds ${known}, not a secret`, startAnew(file));
  const weakness = findSecretWeakness(Buffer.from(secret), secretBytes);
  if (weakness !== undefined) refuse(file, 'is too weak', `${weakness}. ${startAnew(file)}`);
}

const startAnew = (file: string): string =>
  `Restore it from a backup, or remove it to start anew, which ends every session: rm '${file}'`;

function refuse(file: string, problem: string, fix: string): never {
  throw new InvalidSetting('LATCHKEY_SECRET', `${file} ${problem}.`, fix);
}

/**
 * Writes a whole file under another name and then gives it the right one, which fails where another
 * process was faster.
 * @returns undefined where that was so
 */
async function tryCreate(
  directory: string,
  file: string,
  random: Random,
): Promise<string | undefined> {
  const name = Buffer.from(random.bytes(8)).toString('hex');
  const temporary = join(directory, `${fileName}.${name}.tmp`);
  const secret = Buffer.from(random.bytes(secretBytes)).toString('base64url');
  try {
    await writeWhole(temporary, secret);
    await link(temporary, file);
    await syncDirectory(directory);
    return secret;
  } catch (error) {
    const code = codeOf(error);
    // EEXIST: it is there now. ENOENT: it is, and the winner took our leftover for its own.
    if (code === 'EEXIST' || code === 'ENOENT') return undefined;
    return refuseDirectory(directory, code);
  } finally {
    await remove(temporary);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  // Whatever the umask took away.
  await handle.chmod(0o600);
  await handle.writeFile(text);
  await handle.sync();
}

/** What a crash left: a secret that nobody uses, or a second name of the one in use. */
async function removeLeftovers(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (temporaryName.test(name)) await remove(join(directory, name));
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error';
}
