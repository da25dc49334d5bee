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

/** The secrets with which a restore opens the sealed data of a backup, and seals it for the database that it fills. */
export interface RestoreSecrets {
  /** The secret that was in use when the backup was made. Undefined: none is at hand. */
  readonly backup: () => Promise<string | undefined>;
  /** The secret of the servers on the database that is filled. Called only if there is something to seal. */
  readonly target: () => Promise<string>;
}

/** What a restore does with the sealed data of a backup. */
export interface SealedData {
  /** `none`: the backup has none. `dropped`: the secret does not open it, and `--drop-sealed` was given. */
  readonly outcome: 'none' | 'restored' | 'dropped';
  /** The envelopes for data, sealed under the target's secret. */
  readonly envelopes: readonly Envelope[];
}

/**
 * Seals the root keys for data under the secret of the target. Root keys for tokens are not restored: everything that
 * depends on them ends.
 * @param batches the rows of the table `envelopes`
 * @throws {TransferRefused} if the secret does not open them and `drop` is false
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

/** Envelopes in backups of earlier versions have no kind. Their root keys are all for tokens. */
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
