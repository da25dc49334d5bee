import { createHash } from 'node:crypto';
import { isJsonObject } from '../../kernel/encoding/json.ts';
import { schemaVersion } from '../migrate.ts';
import { BACKUP_FORMAT, type Footer, type Header, isBatch, isFooter } from './backup-format.ts';
import { readBackupLines } from './backup-lines.ts';
import { refuseBackup, toBackupRefusal } from './backup-refusal.ts';
import { type Batch, isCopiedTable, type RowCounts } from './batch.ts';

/** A backup that was read to its end once and found whole. */
export interface Backup {
  /** ISO 8601. */
  readonly createdAt: string;
  /** The version of its schema: this program's, or an earlier one. */
  readonly schema: number;
  readonly counts: RowCounts;
  /** The rows of the table `envelopes`: a few. */
  readonly envelopes: readonly Batch[];
  /** Reads the rows again from the file. */
  batches(): AsyncGenerator<Batch>;
}

/**
 * Reads a backup to its end and checks that it is whole.
 * @throws {TransferRefused} if it is damaged, not a backup, or made by a newer version of Latchkey
 */
export async function openBackup(path: string): Promise<Backup> {
  try {
    const { header, footer, envelopes } = await checkBackup(path);
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
    throw toBackupRefusal(error, path, 'read');
  }
}

/** @throws {TransferRefused} as {@link openBackup} does */
export async function checkBackup(
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
      refuseBackup(path, 'goes on after its end');
    } else if (isBatch(value)) {
      found[value.table] = (found[value.table] ?? 0) + value.rows.length;
      if (value.table === 'envelopes') envelopes.push(value);
    } else if (isFooter(value)) {
      footer = value;
      continue;
    } else {
      refuseBackup(path, isEnded ? 'is damaged' : 'is cut off');
    }
    hash.update(bytes);
  }
  if (header === undefined) refuseBackup(path, 'is not a backup of Latchkey');
  if (footer === undefined) refuseBackup(path, 'is cut off');
  if (footer.sha256 !== hash.digest('hex')) {
    refuseBackup(path, 'is damaged: its checksum differs');
  }
  const { counts } = footer;
  const names = [...Object.keys(counts), ...Object.keys(found)];
  if (names.some((name) => !isCopiedTable(name) || counts[name] !== (found[name] ?? 0))) {
    refuseBackup(path, 'lacks rows');
  }
  return { header, footer, envelopes };
}

function requireHeader(path: string, value: unknown): Header {
  if (!isJsonObject(value) || !('latchkey_backup' in value)) {
    refuseBackup(path, 'is not a backup of Latchkey');
  }
  const { latchkey_backup, schema, created_at } = value;
  if (!Number.isSafeInteger(schema) || Number(schema) < 1 || typeof created_at !== 'string') {
    refuseBackup(path, 'is damaged');
  }
  const version = Number(schema);
  if (latchkey_backup !== BACKUP_FORMAT || version > schemaVersion) {
    refuseBackup(
      path,
      `is of a newer version of Latchkey (its schema is ${version}, this version knows ${schemaVersion}). Restore it with that version`,
    );
  }
  return { latchkey_backup, schema: version, created_at };
}
