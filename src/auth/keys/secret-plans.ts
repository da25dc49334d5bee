import { InvalidInput } from '../../kernel/errors.ts';
import type { Random } from '../../kernel/random.ts';
import type { KeyChange } from '../ports/keys.ts';
import type { Envelope } from './envelope.ts';
import {
  createEnvelopes,
  createRootKey,
  isOfSecret,
  isOfTokens,
  type KeyEncryptionKey,
  nameEnvelope,
  openerOfRoot,
  openerOfSecret,
  type RootKey,
  type Roots,
} from './root-keys.ts';
import type { OpenState } from './sealed-key-repository.ts';

export interface SecretRotation {
  readonly secret: string;
  /**
   * Somebody else may have the old secret, and a copy of the database: the root keys are replaced as well, the
   * signing keys are sealed again and rotated, one-time secrets end, and everything else that depends on the old
   * root keys ends with the overlap.
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
  old: KeyEncryptionKey,
  { secret, compromised, overlap }: SecretRotation,
  { now, lead, random }: { now: number; lead: number; random: Random },
): { envelopes: Envelope[]; roots?: Roots } | undefined {
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
  if (!compromised) return { envelopes: createEnvelopes(opener, roots, times, random) };

  const endsAt = now + overlap * 1000;
  const replace = (ending: readonly RootKey[], activeAt: number) => [
    createRootKey(activeAt, random),
    ...ending.map((root) => ({ ...root, endsAt: Math.min(root.endsAt ?? endsAt, endsAt) })),
  ];
  const next = {
    tokens: replace(roots.tokens, now + Math.min(lead, LONGEST_ROOT_LEAD) * 1000),
    data: replace(roots.data, now),
  };
  return {
    envelopes: [
      ...envelopes.filter(isOpenedBy(old)).map((it) => ({ ...it, endsAt })),
      ...createEnvelopes(opener, next, times, random),
      // Running nodes hold the old root key, whatever their secret is.
      ...createEnvelopes(openerOfNewest(roots), next, { ...times, endsAt }, random),
      // They need this one when the two above have ended.
      ...createEnvelopes(openerOfNewest(next), next, times, random),
    ],
    roots: next,
  };
}

/** @throws {InvalidInput} */
export function planFinish(
  { envelopes, roots }: OpenState,
  opener: KeyEncryptionKey,
  random: Random,
): KeyChange | undefined {
  const own = requireOwn(envelopes, opener);
  if (findNewer(envelopes, own).length > 0) {
    refuse('The secret in use is the old one. Set the new one first, here and on every node.');
  }
  const kept = [opener, openerOfNewest(roots)];
  const removed = envelopes.filter((it) => !kept.some((by) => isOpenedBy(by)(it)));
  const isRootAlone = roots.tokens.length === 1 && roots.data.length === 1;
  if (removed.length === 0 && isRootAlone) return undefined;
  const newest = { tokens: roots.tokens.slice(0, 1), data: roots.data.slice(0, 1) };
  const times = { createdAt: own.createdAt, endsAt: null };
  return {
    envelopes: kept.flatMap((it) => createEnvelopes(it, newest, times, random)),
    removedEnvelopes: removed.map(({ id }) => id),
  };
}

/** @throws {InvalidInput} */
export function planCancel(
  { envelopes, roots }: OpenState,
  opener: KeyEncryptionKey,
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
  const times = { createdAt: own.createdAt, endsAt: null };
  return {
    // Nodes that started with the new secret go on until they are started again.
    envelopes: createEnvelopes(openerOfNewest(roots), roots, times, random),
    removedEnvelopes: newer.flatMap((it) => [it.id, nameEnvelope('data', it)]),
  };
}

/** Whether an envelope, of either kind, is one that this opens. */
function isOpenedBy(opener: KeyEncryptionKey): (envelope: Envelope) => boolean {
  return ({ id, kind }) => id === nameEnvelope(kind, opener);
}

function openerOfNewest({ tokens: [newest] }: Roots): KeyEncryptionKey {
  if (newest === undefined) throw new Error('There is no root key.');
  return openerOfRoot(newest);
}

function requireOwn(envelopes: readonly Envelope[], { id }: KeyEncryptionKey): Envelope {
  const own = envelopes.find((it) => it.id === id);
  // Opened by an earlier root key, in a process that began before the secret was replaced.
  if (own === undefined) refuse('The secret in use was replaced. Start again with the new one.');
  return own;
}

/** Those of tokens tell which rotations are under way. Those of data came later to older databases. */
function findNewer(envelopes: readonly Envelope[], { createdAt }: Envelope): Envelope[] {
  return envelopes.filter((it) => isOfTokens(it) && it.createdAt > createdAt);
}

function refuse(problem: string): never {
  throw new InvalidInput([{ field: 'secret', problem }]);
}
