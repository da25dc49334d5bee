import type { Random } from '../../kernel/random.ts';
import type { Envelope, RootKind } from './envelope.ts';
import { createSecretFingerprint, deriveKey, seal, unseal } from './sealing.ts';

/**
 * A random key from which other keys are derived. There are two kinds: one for tokens and one for data. Root keys
 * are stored in envelopes, one for each kind and each secret that opens it, so that the secret can be replaced
 * without replacing anything else.
 */
export interface RootKey {
  readonly id: string;
  /** 32 bytes, base64url. */
  readonly key: string;
  /** From when refresh tokens are signed under it; ms since the epoch. */
  readonly activeAt: number;
  /** From when it is no longer used, or null; ms since the epoch. */
  readonly endsAt: number | null;
}

/** The root keys of each kind, the newest first; at least one. */
export interface Roots {
  readonly tokens: readonly RootKey[];
  readonly data: readonly RootKey[];
}

/** A key that opens envelopes of both kinds. It is derived from a secret, or from a root key for tokens. */
export interface KeyEncryptionKey {
  /** Names it in the ids of the envelopes that it opens. */
  readonly id: string;
  readonly keys: Readonly<Record<RootKind, Buffer>>;
}

const PURPOSES = { tokens: 'root keys v1', data: 'data root keys v1' } as const;

export function createRootKey(activeAt: number, random: Random): RootKey {
  const [id, key] = [random.bytes(9), random.bytes(32)].map((it) =>
    Buffer.from(it).toString('base64url'),
  );
  if (id === undefined || key === undefined) throw new Error('no randomness');
  return { id, key, activeAt, endsAt: null };
}

/** The key of a secret. */
export function openerOfSecret(secret: string): KeyEncryptionKey {
  return createOpener(`secret:${createSecretFingerprint(secret)}`, secret);
}

/** The key of a root key for tokens. It opens the envelopes of its successor, and those of the root keys for data. */
export function openerOfRoot(root: RootKey): KeyEncryptionKey {
  return createOpener(`root:${root.id}`, Buffer.from(root.key, 'base64url'));
}

function createOpener(id: string, secret: string | Buffer): KeyEncryptionKey {
  return {
    id,
    keys: { tokens: deriveKey(secret, PURPOSES.tokens), data: deriveKey(secret, PURPOSES.data) },
  };
}

/** The id of the envelope of a kind that the key opens. */
export function nameEnvelope(kind: RootKind, { id }: Pick<KeyEncryptionKey, 'id'>): string {
  return kind === 'tokens' ? id : `data:${id}`;
}

/** Whether a secret opens the envelope, rather than an earlier root key. */
export function isOfSecret({ id, kind }: Pick<Envelope, 'id' | 'kind'>): boolean {
  return id.startsWith(nameEnvelope(kind, { id: 'secret:' }));
}

export function isOfTokens({ kind }: Pick<Envelope, 'kind'>): boolean {
  return kind === 'tokens';
}

/** Derives the key for one purpose. */
export function deriveRootKey(root: RootKey, purpose: string): Buffer {
  return deriveKey(Buffer.from(root.key, 'base64url'), purpose);
}

export function createEnvelope(
  kind: RootKind,
  opener: KeyEncryptionKey,
  roots: readonly RootKey[],
  times: Pick<Envelope, 'createdAt' | 'endsAt'>,
  random: Random,
): Envelope {
  const id = nameEnvelope(kind, opener);
  const sealed = seal(opener.keys[kind], JSON.stringify(roots), id, random);
  return { id, kind, sealed, ...times };
}

/** Seals the root keys of both kinds. */
export function createEnvelopes(
  opener: KeyEncryptionKey,
  roots: Roots,
  times: Pick<Envelope, 'createdAt' | 'endsAt'>,
  random: Random,
): Envelope[] {
  return (['tokens', 'data'] as const).map((kind) =>
    createEnvelope(kind, opener, roots[kind], times, random),
  );
}

/**
 * Opens the root keys for tokens that a node may use now, the newest first. A known root key opens the envelope of its
 * successor, so a running node can follow a rotation although its own secret was replaced.
 *
 * Only root keys read from an envelope count. The attack: after `secret rotate --compromised` and `--finish`, a
 * thief can still sign refresh tokens under the old root key. A node must not accept it from memory.
 * @param known the root keys that this node has opened before
 * @returns undefined if no envelope opens: the secret and the known root keys were all replaced
 */
export function openRoots(
  envelopes: readonly Envelope[],
  opener: KeyEncryptionKey,
  known: readonly RootKey[],
): readonly RootKey[] | undefined {
  let opened = openOne(envelopes, 'tokens', opener);
  const tried = new Set<string>();
  for (;;) {
    const [newest] = opened ?? known;
    if (newest === undefined || tried.has(newest.id)) return opened;
    tried.add(newest.id);
    opened = openOne(envelopes, 'tokens', openerOfRoot(newest)) ?? opened;
  }
}

/**
 * Opens the root keys for data, the newest first. The newest root key for tokens opens the newest of them; a database
 * that was just restored has an envelope for the secret alone.
 * @param tokens the root keys for tokens, the newest first
 * @returns undefined if no envelope opens
 */
export function openDataRoots(
  envelopes: readonly Envelope[],
  opener: KeyEncryptionKey,
  tokens: readonly RootKey[],
): readonly RootKey[] | undefined {
  for (const it of [...tokens.map(openerOfRoot), opener]) {
    const opened = openOne(envelopes, 'data', it);
    if (opened !== undefined) return opened;
  }
  return undefined;
}

function openOne(
  envelopes: readonly Envelope[],
  kind: RootKind,
  opener: KeyEncryptionKey,
): readonly RootKey[] | undefined {
  const id = nameEnvelope(kind, opener);
  const envelope = envelopes.find((it) => it.id === id);
  // The content is authenticated, so it is what we wrote.
  return envelope && (JSON.parse(unseal(opener.keys[kind], envelope.sealed, id)) as RootKey[]);
}
