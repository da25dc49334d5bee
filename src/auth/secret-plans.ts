import { InvalidInput } from '../errors.ts';
import type { OpenState } from './key-vault.ts';
import type { Envelope, KeyChange, Random } from './ports.ts';
import {
  createEnvelope,
  createRootKey,
  isOfSecret,
  type Opener,
  openerOfRoot,
  openerOfSecret,
  type RootKey,
} from './root-keys.ts';

export interface SecretRotation {
  readonly secret: string;
  /**
   * Somebody else may have the old secret, and a copy of the database: the root key is replaced as well,
   * the signing keys are sealed anew and rotated, and everything that hangs on the old root key ends with
   * the overlap.
   */
  readonly compromised: boolean;
  /** How long the old secret and refresh tokens under the old root key are accepted then; s. */
  readonly overlap: number;
}

/** How long a root key is known before refresh tokens are signed under it: longer than nodes need; s. */
const LONGEST_ROOT_LEAD = 60;

/**
 * What a new secret needs to be written; with the root keys where these change.
 * @returns undefined where it opens the keys already
 * @throws {InvalidInput}
 */
export function planSecretRotation(
  { envelopes, roots }: OpenState,
  old: Opener,
  { secret, compromised, overlap }: SecretRotation,
  { now, lead, random }: { now: number; lead: number; random: Random },
): { envelopes: Envelope[]; roots?: readonly RootKey[] } | undefined {
  const opener = openerOfSecret(secret);
  if (opener.id === old.id) refuse('This is the secret in use. Give another one.');
  const own = requireOwn(envelopes, old);
  const known = envelopes.find(({ id }) => id === opener.id);
  if (known !== undefined) {
    if (compromised && !findNewer(envelopes, own).some((it) => !isOfSecret(it))) {
      refuse(
        'This secret was added without a new root key. Take that back (--cancel), then rotate.',
      );
    }
    return undefined;
  }
  if (findNewer(envelopes, own).length > 0) {
    refuse(
      'A rotation is under way: a newer secret opens this database as well. Set that one and finish (--finish), or take it back (--cancel).',
    );
  }
  const times = { createdAt: Math.max(now, own.createdAt + 1), endsAt: null };
  if (!compromised) return { envelopes: [createEnvelope(opener, roots, times, random)] };

  const endsAt = now + overlap * 1000;
  const ending = roots.map((root) => ({
    ...root,
    endsAt: Math.min(root.endsAt ?? endsAt, endsAt),
  }));
  const root = createRootKey(now + Math.min(lead, LONGEST_ROOT_LEAD) * 1000, random);
  const next = [root, ...ending];
  const [newest] = roots;
  if (newest === undefined) throw new Error('There is no root key.');
  return {
    envelopes: [
      { ...own, endsAt },
      createEnvelope(opener, next, times, random),
      // Running nodes hold the old root key, whatever their secret is.
      createEnvelope(openerOfRoot(newest), next, { ...times, endsAt }, random),
      // They need this one when the two above have ended.
      createEnvelope(openerOfRoot(root), next, times, random),
    ],
    roots: next,
  };
}

/** @throws {InvalidInput} */
export function planFinish(
  { envelopes, roots }: OpenState,
  opener: Opener,
  random: Random,
): KeyChange | undefined {
  const own = requireOwn(envelopes, opener);
  if (findNewer(envelopes, own).length > 0) {
    refuse('The secret in use is the old one. Set the new one first, here and on every node.');
  }
  const [newest] = roots;
  if (newest === undefined) throw new Error('There is no root key.');
  const kept = [opener, openerOfRoot(newest)];
  const removedEnvelopes = findOthers(envelopes, kept);
  if (removedEnvelopes.length === 0 && roots.length === 1) return undefined;
  const times = { createdAt: own.createdAt, endsAt: null };
  return {
    envelopes: kept.map((it) => createEnvelope(it, [newest], times, random)),
    removedEnvelopes,
  };
}

/** @throws {InvalidInput} */
export function planCancel(
  { envelopes, roots }: OpenState,
  opener: Opener,
  random: Random,
): KeyChange | undefined {
  const own = requireOwn(envelopes, opener);
  const newer = findNewer(envelopes, own);
  if (newer.length === 0) return undefined;
  if (newer.some((it) => !isOfSecret(it))) {
    refuse(
      'This rotation replaced the root key and cannot be taken back. Finish it, then rotate again.',
    );
  }
  const [newest] = roots;
  if (newest === undefined) throw new Error('There is no root key.');
  const times = { createdAt: own.createdAt, endsAt: null };
  return {
    // Nodes that started with the new secret go on until they are started again.
    envelopes: [createEnvelope(openerOfRoot(newest), roots, times, random)],
    removedEnvelopes: newer.map(({ id }) => id),
  };
}

function findOthers(envelopes: readonly Envelope[], openers: readonly Opener[]): string[] {
  return envelopes.map(({ id }) => id).filter((id) => !openers.some((it) => it.id === id));
}

function requireOwn(envelopes: readonly Envelope[], { id }: Opener): Envelope {
  const own = envelopes.find((it) => it.id === id);
  // Opened by an earlier root key, in a process that began before the secret was replaced.
  if (own === undefined) refuse('The secret in use was replaced. Start again with the new one.');
  return own;
}

function findNewer(envelopes: readonly Envelope[], { createdAt }: Envelope): Envelope[] {
  return envelopes.filter((it) => it.createdAt > createdAt);
}

function refuse(problem: string): never {
  throw new InvalidInput([{ field: 'secret', problem }]);
}
