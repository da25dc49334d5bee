/** Each fast path of the guard, and the plain code it replaces. Both do the same work on the same input. */
import { createSecretKey, randomBytes, randomUUID } from 'node:crypto';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { uuidFormat } from '../../src/collections/id-formats.ts';
import { NOT_FOUND } from '../../src/collections/id-hash.ts';
import { PackedIdMap } from '../../src/collections/packed-id-map.ts';
import { createMac } from '../../src/fast/hmac.ts';
import { type CreateMac, createPlainMac } from '../../src/fast/plain-hmac.ts';

export interface Contender {
  /** Prepares so many operations and returns a function that does them. */
  prepare(count: number): () => void;
  /** Bytes of memory for each entry; undefined where it holds none. */
  readonly bytesPerEntry?: number;
  /** ms that the slowest addition took. */
  readonly slowestAddMs?: number;
}

const ENTRIES = 1_000_000;
const ADDED_TOGETHER = 100;

const creators = {
  'HMAC, src/fast': () => createMacContender(createMac),
  'HMAC, node:crypto': () => createMacContender(createPlainMac),
  'a million ids, src/collections': () => {
    const ids = new PackedIdMap(uuidFormat, { withValues: false });
    return createIdContender({
      add: (id, expiresAt) => void ids.setMax(id, 0, expiresAt),
      has: (id) => ids.find(id) !== NOT_FOUND,
    });
  },
  'a million ids, Map': () => {
    const ids = new Map<string, number>();
    return createIdContender({
      add: (id, expiresAt) => void ids.set(id, expiresAt),
      has: (id) => ids.has(id),
    });
  },
} satisfies Record<string, () => Contender>;

export type ContenderName = keyof typeof creators;

export const createContender = (name: ContenderName): Contender => creators[name]();

/** Codes of texts as long as the signed part of an access token. */
function createMacContender(create: CreateMac): Contender {
  const mac = create('sha256', createSecretKey(randomBytes(32)));
  return {
    prepare(count) {
      const texts = Array.from({ length: count }, () => randomBytes(300).toString('base64url'));
      return () => {
        for (const text of texts) mac(text);
      };
    },
  };
}

interface IdSet {
  add(id: string, expiresAt: number): void;
  has(id: string): boolean;
}

/** Looks for ids that are not there, each a new text as it is in the claims of a new token. */
function createIdContender(ids: IdSet): Contender {
  setFlagsFromString('--expose-gc');
  const collectGarbage: () => void = runInNewContext('gc');
  const used = () => {
    collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const before = used();
  let slowestAddMs = 0;
  const expiresAt = Date.now() + 900_000;
  for (let at = 0; at < ENTRIES; at += ADDED_TOGETHER) {
    const added = Array.from({ length: ADDED_TOGETHER }, () => parsed(randomUUID()));
    const began = performance.now();
    for (const id of added) ids.add(id, expiresAt + at);
    slowestAddMs = Math.max(slowestAddMs, performance.now() - began);
  }
  return {
    bytesPerEntry: (used() - before) / ENTRIES,
    slowestAddMs,
    prepare(count) {
      const absent = Array.from({ length: count }, () => parsed(randomUUID()));
      return () => {
        for (const id of absent) if (ids.has(id)) throw new Error('An id is there twice.');
      };
    },
  };
}

/** A text whose hash V8 has not made yet. */
function parsed(text: string): string {
  return String(JSON.parse(JSON.stringify(text)));
}
