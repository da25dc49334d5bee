import type { Envelope, Random } from './ports.ts';
import { createSecretFingerprint, deriveKey, seal, unseal } from './sealing.ts';

/**
 * A random key from which those for refresh tokens and for the sealing of signing keys are derived. It is
 * stored in envelopes, one for each secret that opens it, so a secret can be replaced and nothing else
 * with it.
 */
export interface RootKey {
  readonly id: string;
  /** 32 bytes, base64url. */
  readonly key: string;
  /** From when refresh tokens are signed under it; ms since the epoch. */
  readonly activeAt: number;
  /** From when refresh tokens under it are refused, or null. */
  readonly endsAt: number | null;
}

/** What opens envelopes: a secret, or a root key that those who hold it may exchange for its successor. */
export interface Opener {
  /** Of the envelopes it opens. */
  readonly id: string;
  readonly key: Buffer;
}

const PURPOSE = 'root keys v1';

export function createRootKey(activeAt: number, random: Random): RootKey {
  const [id, key] = [random.bytes(9), random.bytes(32)].map((it) =>
    Buffer.from(it).toString('base64url'),
  );
  if (id === undefined || key === undefined) throw new Error('no randomness');
  return { id, key, activeAt, endsAt: null };
}

export function openerOfSecret(secret: string): Opener {
  return { id: `secret:${createSecretFingerprint(secret)}`, key: deriveKey(secret, PURPOSE) };
}

export function openerOfRoot(root: RootKey): Opener {
  return { id: `root:${root.id}`, key: deriveRootKey(root, PURPOSE) };
}

/** Whether a secret opens it, rather than an earlier root key. */
export function isOfSecret({ id }: Pick<Envelope, 'id'>): boolean {
  return id.startsWith('secret:');
}

/** A key for one purpose. */
export function deriveRootKey(root: RootKey, purpose: string): Buffer {
  return deriveKey(Buffer.from(root.key, 'base64url'), purpose);
}

export function createEnvelope(
  opener: Opener,
  roots: readonly RootKey[],
  times: Pick<Envelope, 'createdAt' | 'endsAt'>,
  random: Random,
): Envelope {
  return {
    id: opener.id,
    sealed: seal(opener.key, JSON.stringify(roots), opener.id, random),
    ...times,
  };
}

/**
 * The root keys that a node may use now, the newest first. A known root key opens the envelope of its
 * successor, so a running node can follow a rotation although its own secret was replaced.
 *
 * Only root keys read from an envelope count. A node must not keep using a root key from memory: after
 * `secret rotate --compromised` and `--finish`, a thief can sign refresh tokens under the old one.
 * @returns undefined where no envelope opens: the secret and the known root keys were all replaced
 */
export function openRoots(
  envelopes: readonly Envelope[],
  opener: Opener,
  known: readonly RootKey[],
): readonly RootKey[] | undefined {
  let opened = openOne(envelopes, opener);
  const tried = new Set<string>();
  for (;;) {
    const [newest] = opened ?? known;
    if (newest === undefined || tried.has(newest.id)) return opened;
    tried.add(newest.id);
    opened = openOne(envelopes, openerOfRoot(newest)) ?? opened;
  }
}

function openOne(
  envelopes: readonly Envelope[],
  { id, key }: Opener,
): readonly RootKey[] | undefined {
  const envelope = envelopes.find((it) => it.id === id);
  // We alone write what is sealed there.
  return envelope && (JSON.parse(unseal(key, envelope.sealed, id)) as RootKey[]);
}
