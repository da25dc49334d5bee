import type { Envelope } from '../../auth/keys/envelope.ts';
import {
  createEnvelope,
  openDataRoots,
  openerOfSecret,
  openRoots,
  type RootKey,
} from '../../auth/keys/root-keys.ts';
import type { Clock } from '../../kernel/clock.ts';
import { TransferRefused } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/random.ts';
import type { Batch } from '../../store/transfer/batch.ts';

/** What a restore needs to read what is sealed in a backup, and to seal it for the database that it fills. */
export interface RestoreSecrets {
  /** The secret that the backup was made under; undefined: there is none at hand. */
  readonly backup: () => Promise<string | undefined>;
  /** The secret of the servers on the database that is filled. Called only if something is to be sealed. */
  readonly target: () => Promise<string>;
}

/** What becomes of the data that is sealed in a backup. */
export interface SealedData {
  /** `none`: the backup has none. `dropped`: the secret does not open it, and `--drop-sealed` was given. */
  readonly outcome: 'none' | 'restored' | 'dropped';
  /** The envelopes for data, sealed under the target's secret. */
  readonly envelopes: readonly Envelope[];
}

/**
 * Seals the root keys for data under the target's secret. They alone are restored: what depends on root keys for
 * tokens ends.
 * @param batches those of the table `envelopes`
 * @throws {TransferRefused} where the secret does not open them and they are not to be dropped
 */
export async function restoreSealedData(
  batches: readonly Batch[],
  { secrets, drop }: { secrets: RestoreSecrets | undefined; drop: boolean },
  { clock, random }: { clock: Clock; random: Random },
): Promise<SealedData> {
  const envelopes = batches.flatMap(toEnvelopes);
  if (!envelopes.some(({ kind }) => kind === 'data')) return { outcome: 'none', envelopes: [] };
  const secret = await secrets?.backup();
  const data = openWith(secret, envelopes);
  if (data === undefined || secrets === undefined) {
    if (drop) return { outcome: 'dropped', envelopes: [] };
    const problem =
      secret === undefined
        ? 'The backup has sealed data, and there is no secret here to read it with.'
        : 'The secret does not open the sealed data of the backup.';
    throw new TransferRefused(
      `${problem} Give the secret that was in use when the backup was made: --secret-file <path>. If that secret is lost, --drop-sealed restores everything else. Nothing was changed.`,
    );
  }
  const opener = openerOfSecret(await secrets.target());
  const times = { createdAt: clock.now(), endsAt: null };
  return {
    outcome: 'restored',
    envelopes: [createEnvelope('data', opener, data, times, random)],
  };
}

function openWith(
  secret: string | undefined,
  envelopes: readonly Envelope[],
): readonly RootKey[] | undefined {
  if (secret === undefined) return undefined;
  const opener = openerOfSecret(secret);
  return openDataRoots(envelopes, opener, openRoots(envelopes, opener, []) ?? []);
}

/** Backups of earlier versions have no kinds: their root keys are all for tokens. */
function toEnvelopes({ columns, rows }: Batch): Envelope[] {
  return rows.map((row) => {
    const read = (column: string) => row[columns.indexOf(column)] ?? null;
    return {
      id: String(read('id')),
      kind: read('kind') === 'data' ? 'data' : 'tokens',
      sealed: String(read('sealed')),
      createdAt: Number(read('created_at')),
      endsAt: null,
    };
  });
}
