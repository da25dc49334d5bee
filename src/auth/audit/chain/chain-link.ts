import { createHash } from 'node:crypto';
import type { RootKey } from '../../keys/root-keys.ts';
import type { EventRecord } from '../../ports/audit-chain.ts';
import { createChainMac } from './chain-keys.ts';

/** A place in the chain: after an event, or before the first. */
export interface ChainPlace {
  /** The number of the event; 0 before the first. */
  readonly seq: number;
  /** The MAC of the event; `''` before the first. */
  readonly mac: string;
  /**
   * A hash over all events so far, which needs no key. When a root key is replaced, the new one authenticates the
   * events before by it.
   */
  readonly link: string;
}

export const CHAIN_START: ChainPlace = { seq: 0, mac: '', link: '' };

/** What the chain says about an event. Personal fields are behind the digest, so they can be erased. */
export function describeEvent(
  record: EventRecord,
  seq: number | null,
  sealedAt: number | null,
  isProven: boolean,
): string {
  const { id, at, type, userId, sessionId, subject, subjectKind } = record;
  const { actorKind, actorId, reason, changes, digest } = record;
  const who = [userId, sessionId, subject, subjectKind, actorKind, actorId];
  return JSON.stringify([seq, sealedAt, isProven, id, at, type, ...who, reason, changes, digest]);
}

/** Authenticates an event together with the MAC of the event before it. */
export function createEventMac(root: RootKey, previousMac: string, content: string): string {
  return createChainMac(root, 'chain', `${previousMac}\n${content}`);
}

/** Adds an event to the hash over all events. */
export function createLink(previousLink: string, mac: string, content: string): string {
  return createHash('sha256').update(`${previousLink}\n${mac}\n${content}`).digest('base64url');
}
