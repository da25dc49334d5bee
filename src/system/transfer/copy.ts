import { LONGEST_ACCESS_TTL } from '../../auth/ports/revocations.ts';
import { REVOCATION_MARGIN_MS } from '../../auth/settings.ts';
import type { DatabaseLocation } from '../../config/database.ts';
import type { Clock } from '../../kernel/clock.ts';
import { closeAfter } from '../../kernel/close-after.ts';
import { TransferRefused } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/random.ts';
import { schemaVersion } from '../../store/migrate.ts';
import { TABLE_NAMES } from '../../store/schema.ts';
import type { Batch, Counts, RowCounts } from '../../store/transfer/batch.ts';
import { findDifferences, Summarizer, type Summary } from '../../store/transfer/checksums.ts';
import type { Backup } from '../../store/transfer/read-backup.ts';
import { Transfer } from '../../store/transfer/transfer.ts';
import { writeBackup } from '../../store/transfer/write-backup.ts';
import { openStore } from '../latchkey.ts';
import { type AffectedUser, findChangedSince, restoreFactors } from './affected-users.ts';
import { type RestoreSecrets, restoreSealedData, type SealedData } from './sealed-data.ts';

/** Called after every batch: how many rows are done, and how many there are in total. */
export type Progress = (done: number, total: number) => void;

/**
 * Larger than any token version issued after the backup: no user's roles change a million times between a backup
 * and the loss of what followed.
 */
const VERSION_LEAP = 1_000_000;
/** Readers may have seen log positions beyond the backup. Without the gap they would take new entries for read ones. */
const LOG_GAP = 1_000_000;

/**
 * Writes the whole database, as it is at this moment, to a file. Servers may keep running.
 * @throws {TransferRefused} @throws {StoreUnavailable}
 */
export async function backUp(
  database: DatabaseLocation,
  file: string,
  clock: Clock,
  progress: Progress,
): Promise<Counts> {
  const source = await Transfer.open(database);
  const write = async () => {
    const total = sum(await source.count());
    return writeBackup(file, clock.now(), watch(source.batches(), total, progress));
  };
  return closeAfter(
    () => source.read(write),
    () => source.close(),
  );
}

export interface RestoreOptions {
  /** Replaces what is in the database. Otherwise it must be empty. */
  readonly replace: boolean;
  /**
   * Keeps sessions and keys, and leaves all sealed data as it is. The servers then need the secret of the backup.
   * Otherwise all sessions and access tokens end, and the next server makes new keys. If they were kept, a refresh
   * token that was used after the backup would work again, and so would a key that was revoked after it.
   */
  readonly keepSessions: boolean;
  /** The secrets that open sealed data and seal it again. Default: none is at hand. */
  readonly secrets?: RestoreSecrets;
  /** Leaves out sealed data that cannot be opened. Otherwise the restore is refused. Default: false. */
  readonly dropSealed?: boolean;
}

export interface Restored {
  readonly counts: Counts;
  readonly sealedData: SealedData['outcome'];
  /** Users whose second factors are not as they were. */
  readonly affectedUsers: readonly AffectedUser[];
}

/**
 * Fills a database with a backup of this version or an earlier one, in one transaction. No server may run on it.
 * Links, codes and challenges that were open when the backup was made end.
 * @throws {TransferRefused} @throws {StoreUnavailable}
 */
export async function restore(
  database: DatabaseLocation,
  backup: Backup,
  { replace, keepSessions, secrets, dropSealed: drop = false }: RestoreOptions,
  { clock, random }: { clock: Clock; random: Random },
  progress: Progress,
): Promise<Restored> {
  // First, so that a wrong secret is reported before anything is written.
  const sealed: SealedData = keepSessions
    ? { outcome: 'restored', envelopes: [] }
    : await restoreSealedData(backup.envelopes, { secrets, drop }, { clock, random });
  const target = await openTarget(database);
  const fill = async () => {
    if (!replace) await assertEmpty(target);
    const changedSince = await findChangedSince(target, Date.parse(backup.createdAt));
    // Rows of an earlier schema pass through the migrations, as a database of that version does.
    const isOlder = backup.schema < schemaVersion;
    if (isOlder) await target.rebuild(backup.schema);
    else if (replace) await target.clear();
    const batches = watch(backup.batches(), sum(backup.counts), progress);
    for await (const batch of batches) await target.insert(batch);
    assertCounts(backup.counts, await target.countRows(Object.keys(backup.counts)));
    if (isOlder) await target.upgrade(backup.schema);
    await target.continueLog(LOG_GAP);
    await target.dropPassing();
    const isDropped = sealed.outcome === 'dropped';
    const terms = { isDropped, changedSince, now: clock.now() };
    const affectedUsers = await restoreFactors(target, terms);
    if (!keepSessions) {
      const longest = Number((await target.findNodeState(LONGEST_ACCESS_TTL)) ?? 86_400);
      const until = clock.now() + longest * 1000 + REVOCATION_MARGIN_MS;
      await target.endSessions(VERSION_LEAP, until);
      await target.replaceKeys(sealed.envelopes, until);
    }
    return { counts: await target.count(), sealedData: sealed.outcome, affectedUsers };
  };
  return closeAfter(
    () => target.write(fill),
    () => target.close(),
  );
}

/**
 * Copies everything from one database to another, empty one, in one transaction. It then reads the copy to check that
 * it is the same. The source is only read. No server may run on the target. Changes that a server makes to the source
 * during the copy are not copied.
 * @throws {TransferRefused} @throws {StoreUnavailable}
 */
export async function copyDatabase(
  from: DatabaseLocation,
  to: DatabaseLocation,
  progress: Progress,
): Promise<Summary> {
  const source = await Transfer.open(from);
  const copy = async () => {
    const target = await openTarget(to);
    return closeAfter(
      () => source.read(() => target.write(() => copyAll(source, target, progress))),
      () => target.close(),
    );
  };
  return closeAfter(copy, () => source.close());
}

async function copyAll(source: Transfer, target: Transfer, progress: Progress): Promise<Summary> {
  await assertEmpty(target);
  // Everything is read twice: to be written, and to be compared.
  const total = 2 * sum(await source.count());
  const [given, found] = [new Summarizer(), new Summarizer()];
  for await (const batch of watch(source.batches(), total, progress)) {
    given.add(batch);
    await target.insert(batch);
  }
  await target.continueLog(0);
  for await (const batch of watch(target.batches(), total, progress, total / 2)) found.add(batch);
  const summary = given.end();
  const different = findDifferences(summary, found.end());
  if (different.length > 0) {
    throw new TransferRefused(
      `The copy differs from the original in ${different.join(', ')}, so it was undone.`,
    );
  }
  return summary;
}

/** Opens the database to fill. Creates it, or brings its schema up to date, if necessary. */
async function openTarget(database: DatabaseLocation): Promise<Transfer> {
  const store = await openStore({ database });
  await store.close();
  return Transfer.open(database);
}

async function assertEmpty(target: Transfer): Promise<void> {
  const counts = await target.count();
  const full = TABLE_NAMES.filter((name) => counts[name] > 0);
  if (full.length === 0) return;
  throw new TransferRefused(
    `The database is not empty: it has rows in ${full.join(', ')}. Name another one.`,
  );
}

function assertCounts(expected: RowCounts, found: RowCounts): void {
  const different = Object.keys(expected).filter((name) => expected[name] !== found[name]);
  if (different.length === 0) return;
  throw new TransferRefused(`Not all rows arrived in ${different.join(', ')}, so it was undone.`);
}

async function* watch(
  batches: AsyncIterable<Batch>,
  total: number,
  progress: Progress,
  done = 0,
): AsyncGenerator<Batch> {
  let passed = done;
  for await (const batch of batches) {
    yield batch;
    passed += batch.rows.length;
    progress(passed, total);
  }
}

function sum(counts: RowCounts): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}
