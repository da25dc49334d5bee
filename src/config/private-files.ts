import { chmodSync, lstatSync, realpathSync, type Stats, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Refuse } from './setting-error.ts';

/** Write permission of the group, and any permission of other users. */
const FORBIDDEN_MODE_BITS = 0o027;
const STICKY_BIT = 0o1000;

/**
 * Protects a file from other users of this machine, who must not read, write or replace it. Repairs what this user may
 * repair, and says so in the notices. Does nothing on Windows, which has no modes.
 * @param path an existing file, or a link to one
 * @param refuse called if the file cannot be protected; the problem begins with a path
 * @returns sentences for the operator
 */
export function protectFile(path: string, refuse: Refuse): string[] {
  if (process.platform === 'win32') return [];
  const target = realpathSync(path);
  // A user who can replace the link can make this process read another file.
  const folders = new Set([dirname(path), dirname(target)]);
  const notices = [...folders].flatMap((folder) => protectFolder(folder, refuse));
  for (const each of new Set([path, target])) assertOwner(each, lstatSync(each), refuse);
  const { mode } = statSync(target);
  if ((mode & FORBIDDEN_MODE_BITS) === 0) return notices;
  // If a file is open to all users, its group was hardly chosen with care either.
  const isOpenToAll = (mode & 0o007) !== 0;
  const repaired = isOpenToAll ? 0o600 : mode & 0o777 & ~FORBIDDEN_MODE_BITS;
  setMode(target, mode, repaired, refuse);
  const who = isOpenToAll ? 'other users of this machine' : 'its group';
  notices.push(
    `${target} could be read or changed by ${who} (mode ${show(mode)}). Its mode is now ${show(repaired)}. Check whether it was read or changed.`,
  );
  return notices;
}

/**
 * Keeps other users of this machine from replacing the files in a folder, as {@link protectFile} does. The
 * group of a folder is the administrator's choice: the notices mention it, and it stays.
 */
export function protectFolder(folder: string, refuse: Refuse): string[] {
  if (process.platform === 'win32') return [];
  const found = statSync(folder);
  assertOwner(folder, found, refuse);
  const { mode } = found;
  // In a sticky folder such as /tmp, users can replace only their own files.
  if ((mode & STICKY_BIT) !== 0) return [];
  if ((mode & 0o002) !== 0) {
    const repaired = mode & 0o7777 & ~0o022;
    setMode(folder, mode, repaired, refuse);
    return [
      `Other users of this machine could replace the files in ${folder} (mode ${show(mode)}). Its mode is now ${show(repaired)}. Check whether they were replaced.`,
    ];
  }
  if ((mode & 0o020) !== 0) {
    return [
      `The group of ${folder} can replace the files in it (mode ${show(mode)}). If that is not what you want, run: chmod g-w '${folder}'`,
    ];
  }
  return [];
}

/**
 * The attack: another user creates a file, a link or a folder where this process expects its own. Root may use the
 * files of others, as administrators and containers do.
 */
function assertOwner(path: string, { uid }: Stats, refuse: Refuse): void {
  const user = process.geteuid?.() ?? 0;
  if (user === 0 || uid === user || uid === 0) return;
  refuse(
    `${path} belongs to another user (uid ${uid}), who could replace what is in it.`,
    'Run the server as that user, or change the owner.',
  );
}

function setMode(path: string, from: number, to: number, refuse: Refuse): void {
  try {
    chmodSync(path, to);
    if ((statSync(path).mode & 0o777 & ~to) === 0) return;
  } catch {
    // Said below: the folder is another user's, or the file system knows no modes.
  }
  refuse(
    `${path} is open to other users (mode ${show(from)}), and its mode cannot be changed.`,
    `Let its owner run chmod ${show(to)} '${path}', or choose a folder that this user can make, such as a new one below it.`,
  );
}

const show = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0');
