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

/** How to replace the secret. */
export interface SecretRotation {
  /** The new secret, at least 32 bytes. */
  readonly secret: string;
  /**
   * Whether a thief may have the old secret and a copy of the database. Then the root keys are replaced as well, the
   * signing keys are sealed again and rotated, one-time secrets end, and everything else that depends on the old
   * root keys ends with the overlap.
   */
  readonly compromised: boolean;
  /** How long the old secret and refresh tokens under the old root key are accepted if it is compromised. */
  readonly overlapSeconds: number;
}

/** How long a root key is published before refresh tokens are signed under it: longer than nodes need to read it. */
const LONGEST_ROOT_LEAD_SECONDS = 60;

/**
 * Plans the envelopes for a new secret, with the root keys if these change.
 * @returns undefined if the secret opens the keys already
 * @throws {InvalidInput}
 */
export function planSecretRotation(
  { envelopes, roots }: OpenState,
  old: KeyEncryptionKey,
  { secret, compromised, overlapSeconds }: SecretRotation,
  { now, prepublishSeconds, random }: { now: number; prepublishSeconds: number; random: Random },
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

  const endsAt = now + overlapSeconds * 1000;
  const rootLeadSeconds = Math.min(prepublishSeconds, LONGEST_ROOT_LEAD_SECONDS);
  const replace = (ending: readonly RootKey[], activeAt: number) => [
    createRootKey(activeAt, random),
    ...ending.map((root) => ({ ...root, endsAt: Math.min(root.endsAt ?? endsAt, endsAt) })),
  ];
  const next = {
    tokens: replace(roots.tokens, now + rootLeadSeconds * 1000),
    data: replace(roots.data, now),
  };
  return {
    envelopes: [
      ...envelopes.filter(isOpenedBy(old)).map((it) => ({ ...it, endsAt })),
      ...createEnvelopes(opener, next, times, random),
      // Running nodes hold the old root key, with the old secret and with the new one.
      ...createEnvelopes(openerOfNewest(roots), next, { ...times, endsAt }, random),
      // Running nodes need this envelope when the two above have ended.
      ...createEnvelopes(openerOfNewest(next), next, times, random),
    ],
    roots: next,
  };
}

/**
 * Plans the end of a rotation: only the opener and the newest root keys remain.
 * @returns undefined if nothing is left to end
 * @throws {InvalidInput}
 */
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

/**
 * Plans to take a rotation back: the envelopes of the newer secret are removed.
 * @returns undefined if there is none to take back
 * @throws {InvalidInput}
 */
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
    // Nodes that started with the new secret go on with this envelope until they are started again.
    envelopes: createEnvelopes(openerOfNewest(roots), roots, times, random),
    removedEnvelopes: newer.flatMap((it) => [it.id, nameEnvelope('data', it)]),
  };
}

/** Makes a test of whether an envelope, of either kind, is one that the key opens. */
function isOpenedBy(opener: KeyEncryptionKey): (envelope: Envelope) => boolean {
  return ({ id, kind }) => id === nameEnvelope(kind, opener);
}

function openerOfNewest({ tokens: [newest] }: Roots): KeyEncryptionKey {
  if (newest === undefined) throw new Error('There is no root key.');
  return openerOfRoot(newest);
}

function requireOwn(envelopes: readonly Envelope[], { id }: KeyEncryptionKey): Envelope {
  const own = envelopes.find((it) => it.id === id);
  // This process started before the secret was replaced, and opens the keys with an earlier root key.
  if (own === undefined) refuse('The secret in use was replaced. Start again with the new one.');
  return own;
}

/**
 * Finds the envelopes for tokens that a rotation added after this one. Envelopes for data do not tell: in a database
 * of an earlier version they are newer without any rotation.
 */
function findNewer(envelopes: readonly Envelope[], { createdAt }: Envelope): Envelope[] {
  return envelopes.filter((it) => isOfTokens(it) && it.createdAt > createdAt);
}

function refuse(problem: string): never {
  throw new InvalidInput([{ field: 'secret', problem }]);
}
