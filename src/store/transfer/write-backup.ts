import { createHash } from 'node:crypto';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TransferRefused } from '../../kernel/errors.ts';
import { syncDirectory } from '../../kernel/sync-directory.ts';
import { schemaVersion } from '../migrate.ts';
import { TABLE_NAMES } from '../schema.ts';
import { BACKUP_FORMAT, type Footer, type Header } from './backup-format.ts';
import { refuseBackup, toBackupRefusal } from './backup-refusal.ts';
import type { Batch, Counts } from './batch.ts';
import { checkBackup } from './read-backup.ts';

/**
 * Writes a backup that this user alone can read. It is on the disk before this resolves. Before the file gets its
 * name it is read back from the disk as a restore would read it, so no unusable backup ever has that name.
 * @param createdAt ms since the epoch
 * @throws {TransferRefused} if the file already exists, cannot be written, or reads differently
 */
export async function writeBackup(
  path: string,
  createdAt: number,
  batches: AsyncIterable<Batch>,
): Promise<Counts> {
  const temporary = `${path}.part`;
  let handle: FileHandle | undefined;
  try {
    await assertAbsent(path);
    // What an earlier attempt left is of no use.
    await rm(temporary, { force: true });
    handle = await open(temporary, 'wx', 0o600);
    const counts = await writeLines(handle, createdAt, batches);
    await handle.sync();
    await handle.close();
    await assertReadable(temporary);
    await rename(temporary, path);
    await syncDirectory(dirname(path));
    return counts;
  } catch (error) {
    await handle?.close().catch(() => {});
    // A failure to remove the file must not hide why it could not be written.
    if (handle !== undefined) await rm(temporary, { force: true }).catch(() => {});
    throw toBackupRefusal(error, path, 'written');
  }
}

async function writeLines(
  handle: FileHandle,
  createdAt: number,
  batches: AsyncIterable<Batch>,
): Promise<Counts> {
  const hash = createHash('sha256');
  const write = async (value: Header | Batch) => {
    const line = Buffer.from(`${JSON.stringify(value)}\n`);
    hash.update(line);
    await handle.writeFile(line);
  };
  const counts = Object.fromEntries(TABLE_NAMES.map((name) => [name, 0]));
  await write({
    latchkey_backup: BACKUP_FORMAT,
    schema: schemaVersion,
    created_at: new Date(createdAt).toISOString(),
  });
  for await (const batch of batches) {
    await write(batch);
    counts[batch.table] = (counts[batch.table] ?? 0) + batch.rows.length;
  }
  const footer: Footer = { counts, sha256: hash.digest('hex') };
  await handle.writeFile(`${JSON.stringify(footer)}\n`);
  return counts as Counts;
}

/** A backup that cannot be restored is refused now, and not on the day when it is needed. */
async function assertReadable(path: string): Promise<void> {
  try {
    await checkBackup(path);
  } catch (cause) {
    throw new TransferRefused(
      'The backup could not be read back after it was written, so it was removed. Check the disk, and try again; if the disk is sound, please report this.',
      { cause },
    );
  }
}

async function assertAbsent(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    // Any other code, such as that of a folder that this user may not enter, does not mean that the file is absent.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  refuseBackup(path, 'already exists. Name another file, or remove it');
}
