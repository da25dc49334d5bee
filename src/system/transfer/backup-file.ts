import { createHash } from 'node:crypto';
import { type FileHandle, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { TransferRefused } from '../../kernel/errors.ts';
import { schemaVersion } from '../../store/migrate.ts';
import { TABLE_NAMES } from '../../store/schema.ts';
import {
  type Batch,
  type Counts,
  isCopiedTable,
  type RowCounts,
} from '../../store/transfer/batch.ts';
import { readBackupLines } from './backup-lines.ts';

/**
 * A backup is a text of one JSON value a line, each ended by the byte 0x0A: a header, then batches of rows,
 * then the counts and the SHA-256 of all bytes before that last line. It is the same for every kind of
 * database.
 */
const format = 1;

interface Header {
  readonly latchkey_backup: number;
  readonly schema: number;
  /** ISO 8601. */
  readonly created_at: string;
}

interface Footer {
  readonly counts: RowCounts;
  readonly sha256: string;
}

/**
 * Writes a backup, readable by this user alone, and on the disk before it resolves. It is read back from
 * there as a restore would read it before it gets its name, so no unusable backup ever has that name.
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
    // What an earlier attempt has left is of no use.
    await rm(temporary, { force: true });
    handle = await open(temporary, 'wx', 0o600);
    const counts = await writeLines(handle, createdAt, batches);
    await handle.sync();
    await handle.close();
    await assertReadable(temporary);
    await rename(temporary, path);
    await syncFolder(dirname(path));
    return counts;
  } catch (error) {
    await handle?.close().catch(() => {});
    // What cannot be removed must not hide why it could not be written.
    if (handle !== undefined) await rm(temporary, { force: true }).catch(() => {});
    throw toRefusal(error, path, 'written');
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
    latchkey_backup: format,
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

/** What cannot be restored is said now, and not on the day when the backup is needed. */
async function assertReadable(path: string): Promise<void> {
  try {
    await check(path);
  } catch (cause) {
    throw new TransferRefused(
      'The backup could not be read back after it was written, so it was removed. Check the disk, and try again; if the disk is sound, please report this.',
      { cause },
    );
  }
}

/** A backup that was read to its end once and found whole. */
export interface Backup {
  /** ISO 8601. */
  readonly createdAt: string;
  /** The version of its schema: this program's, or an earlier one. */
  readonly schema: number;
  readonly counts: RowCounts;
  /** The rows of the table `envelopes`: a few. */
  readonly envelopes: readonly Batch[];
  batches(): AsyncGenerator<Batch>;
}

/**
 * Reads a backup to its end and checks that it is whole.
 * @throws {TransferRefused} if it is damaged, not a backup, or made by a newer version of Latchkey
 */
export async function openBackup(path: string): Promise<Backup> {
  try {
    const { header, footer, envelopes } = await check(path);
    return {
      envelopes,
      createdAt: header.created_at,
      schema: header.schema,
      counts: footer.counts,
      async *batches() {
        for await (const { value } of readBackupLines(path)) if (isBatch(value)) yield value;
      },
    };
  } catch (error) {
    throw toRefusal(error, path, 'read');
  }
}

async function check(
  path: string,
): Promise<{ header: Header; footer: Footer; envelopes: readonly Batch[] }> {
  const hash = createHash('sha256');
  const envelopes: Batch[] = [];
  const found: Record<string, number> = {};
  let header: Header | undefined;
  let footer: Footer | undefined;
  for await (const { bytes, value, isEnded } of readBackupLines(path)) {
    if (header === undefined) {
      header = requireHeader(path, value);
    } else if (footer !== undefined) {
      refuse(path, 'goes on after its end');
    } else if (isBatch(value)) {
      found[value.table] = (found[value.table] ?? 0) + value.rows.length;
      if (value.table === 'envelopes') envelopes.push(value);
    } else if (isFooter(value)) {
      footer = value;
      continue;
    } else {
      refuse(path, isEnded ? 'is damaged' : 'is cut off');
    }
    hash.update(bytes);
  }
  if (header === undefined) refuse(path, 'is not a backup of Latchkey');
  if (footer === undefined) refuse(path, 'is cut off');
  if (footer.sha256 !== hash.digest('hex')) refuse(path, 'is damaged: its checksum differs');
  const { counts } = footer;
  const names = [...Object.keys(counts), ...Object.keys(found)];
  if (names.some((name) => !isCopiedTable(name) || counts[name] !== (found[name] ?? 0))) {
    refuse(path, 'lacks rows');
  }
  return { header, footer, envelopes };
}

function requireHeader(path: string, value: unknown): Header {
  if (!isRecord(value) || !('latchkey_backup' in value))
    refuse(path, 'is not a backup of Latchkey');
  const { latchkey_backup, schema, created_at } = value;
  if (!Number.isSafeInteger(schema) || Number(schema) < 1 || typeof created_at !== 'string') {
    refuse(path, 'is damaged');
  }
  const version = Number(schema);
  if (latchkey_backup !== format || version > schemaVersion) {
    refuse(
      path,
      `is of a newer version of Latchkey (its schema is ${version}, this version knows ${schemaVersion}). Restore it with that version`,
    );
  }
  return { latchkey_backup, schema: version, created_at };
}

function isBatch(value: unknown): value is Batch {
  if (!isRecord(value)) return false;
  const { table, columns, rows } = value;
  return (
    isCopiedTable(table) &&
    isListOf(columns, (it) => typeof it === 'string') &&
    Array.isArray(rows) &&
    rows.every((row) => isListOf(row, isValue) && row.length === columns.length)
  );
}

function isValue(it: unknown): it is string | number | null {
  return it === null || typeof it === 'string' || Number.isSafeInteger(it);
}

function isFooter(value: unknown): value is Footer {
  return isRecord(value) && isRecord(value['counts']) && typeof value['sha256'] === 'string';
}

function isListOf<T>(value: unknown, is: (it: unknown) => it is T): value is T[] {
  return Array.isArray(value) && value.every(is);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(path: string, problem: string): never {
  throw new TransferRefused(`${path} ${problem}.`);
}

async function assertAbsent(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    // Anything else, such as a folder that this user may not enter, does not say that the file is not there.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  throw new TransferRefused(`${path} is there already. Name another file, or remove it.`);
}

/** What the operating system says of a file, in words. */
function toRefusal(error: unknown, path: string, done: 'read' | 'written'): unknown {
  if (!(error instanceof Error && 'syscall' in error && 'code' in error)) return error;
  return new TransferRefused(`${path} cannot be ${done} (${error.code}).`, { cause: error });
}

/** A new name is durable once its folder is. Windows can neither open one nor needs to. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using handle = await open(folder, 'r');
  await handle.sync();
}
