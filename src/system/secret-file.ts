import { link, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { protectFolder } from '../config/private-files.ts';
import { describeKnownMaterial } from '../jwt/keys/known-material.ts';
import { findSecretWeakness } from '../jwt/keys/secret-strength.ts';
import { InvalidSetting } from '../kernel/errors.ts';
import type { Random } from '../kernel/random.ts';
import { syncDirectory } from '../kernel/sync-directory.ts';

const FILE_NAME = 'secret';
const NEXT_FILE_NAME = 'secret.next';
const TEMPORARY_NAME = /^secret\.[0-9a-f]{16}\.tmp$/;
const SECRET_BYTES = 32;
const FILE_MAX_BYTES = 4096;
/** Each failed attempt is a lost race against another process that starts. */
const MAX_ATTEMPTS = 20;

/**
 * Reads the secret in the file `secret` of the data directory, or creates it: 32 random bytes as base64url, readable
 * only by this user, and on the disk before it is returned. Processes that start at the same time all get the same
 * secret, and none reads half a file. One line break at the end is not part of it.
 *
 * @param dataDir created, for this user only, if it is missing
 * @param onNotice called with a sentence for the operator about each repair
 * @throws {InvalidSetting} if the file is empty, too weak, unreadable or readable by other users, or
 * the directory cannot be written
 */
export async function loadOrCreateSecret(
  dataDir: string,
  random: Random,
  onNotice: (text: string) => void = () => {},
): Promise<string> {
  const directory = resolve(dataDir);
  const file = join(directory, FILE_NAME);
  await makeDirectory(directory);
  for (const text of protectFolder(directory, refuseFolder)) onNotice(text);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const secret = (await findSecret(file)) ?? (await tryCreate(directory, file, random));
    if (secret === undefined) continue;
    await removeLeftovers(directory);
    return secret;
  }
  throw new InvalidSetting(
    'LATCHKEY_DATA_DIR',
    `${file} appears and disappears, or is a link to a missing file.`,
    'See what else writes to this directory.',
  );
}

/**
 * The secret of the data directory. Undefined if it has none.
 * @throws {InvalidSetting} as {@link loadOrCreateSecret}
 */
export function findStoredSecret(dataDir: string): Promise<string | undefined> {
  return findSecret(join(resolve(dataDir), FILE_NAME));
}

/**
 * The secret that will replace the one in the data directory. It is kept in `secret.next` until then, so that an
 * interrupted rotation continues with the same secret.
 * @throws {InvalidSetting} as {@link loadOrCreateSecret}
 */
export async function prepareNextSecret(dataDir: string, random: Random): Promise<string> {
  const directory = resolve(dataDir);
  const file = join(directory, NEXT_FILE_NAME);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const secret = (await findSecret(file)) ?? (await tryCreate(directory, file, random));
    if (secret !== undefined) return secret;
  }
  return refuse(file, 'appears and disappears', 'See what else writes to this directory.');
}

/** Replaces the old secret with the prepared one, in one atomic step. */
export async function adoptNextSecret(dataDir: string): Promise<void> {
  const directory = resolve(dataDir);
  try {
    await rename(join(directory, NEXT_FILE_NAME), join(directory, FILE_NAME));
    await syncDirectory(directory);
  } catch (error) {
    // Another process did so already.
    if (codeOf(error) !== 'ENOENT') refuseDirectory(directory, codeOf(error));
  }
}

/** Removes a prepared secret that will not be used. */
export async function discardNextSecret(dataDir: string): Promise<void> {
  await remove(join(resolve(dataDir), NEXT_FILE_NAME));
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

/** @returns undefined if there is none yet */
async function findSecret(file: string): Promise<string | undefined> {
  try {
    await using handle = await open(file, 'r');
    const { mode, size } = await handle.stat();
    assertPrivate(file, mode);
    if (size > FILE_MAX_BYTES)
      refuse(file, `is larger than ${FILE_MAX_BYTES} bytes`, adviseNewSecret(file));
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

/** The attack: another user of the machine reads the secret, and can then sign in as any user. */
function assertPrivate(file: string, mode: number): void {
  if (process.platform === 'win32' || (mode & 0o077) === 0) return;
  refuse(
    file,
    `is open to other users (mode ${(mode & 0o777).toString(8).padStart(4, '0')})`,
    `Run: chmod 600 '${file}'. If others may have read it, remove it instead: a new one is created, which ends every session.`,
  );
}

function assertSecret(file: string, secret: string): void {
  if (secret === '') refuse(file, 'is empty', adviseNewSecret(file));
  if (secret !== secret.trim())
    refuse(file, 'has white space around the secret', 'Remove the white space.');
  const known = describeKnownMaterial(secret);
  if (known !== undefined) refuse(file, `holds ${known}, not a secret`, adviseNewSecret(file));
  const weakness = findSecretWeakness(Buffer.from(secret), SECRET_BYTES);
  if (weakness !== undefined) refuse(file, 'is too weak', `${weakness}. ${adviseNewSecret(file)}`);
}

const adviseNewSecret = (file: string): string =>
  `Restore it from a backup, or remove it, so that a new one is created, which ends every session: rm '${file}'`;

function refuse(file: string, problem: string, fix: string): never {
  throw new InvalidSetting('LATCHKEY_SECRET', `${file} ${problem}.`, fix);
}

/**
 * Writes a whole file under another name and then gives it the right one, which fails if another process was faster.
 * @returns undefined in that case
 */
async function tryCreate(
  directory: string,
  file: string,
  random: Random,
): Promise<string | undefined> {
  const name = Buffer.from(random.bytes(8)).toString('hex');
  const temporary = join(directory, `${FILE_NAME}.${name}.tmp`);
  const secret = Buffer.from(random.bytes(SECRET_BYTES)).toString('base64url');
  try {
    await writeWhole(temporary, secret);
    await link(temporary, file);
    await syncDirectory(directory);
    return secret;
  } catch (error) {
    const code = codeOf(error);
    // EEXIST: another process created it. ENOENT: it did, and then removed our temporary file as a leftover.
    if (code === 'EEXIST' || code === 'ENOENT') return undefined;
    return refuseDirectory(directory, code);
  } finally {
    await remove(temporary);
  }
}

async function writeWhole(path: string, text: string): Promise<void> {
  await using handle = await open(path, 'wx', 0o600);
  // Restores what the umask took away.
  await handle.chmod(0o600);
  await handle.writeFile(text);
  await handle.sync();
}

/** Removes what a crash left: an unused secret, or a second name of the one in use. */
async function removeLeftovers(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names) if (TEMPORARY_NAME.test(name)) await remove(join(directory, name));
}

async function remove(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error';
}
