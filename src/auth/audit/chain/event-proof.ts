import { createHash } from 'node:crypto';
import { isSameSecret } from '../../../kernel/encoding/same-secret.ts';
import type { Random } from '../../../kernel/random.ts';
import type { RootKey } from '../../keys/root-keys.ts';
import type { EventOwner, EventRecord } from '../../ports/audit-chain.ts';
import type { AuditEvent, EventProof } from '../event.ts';
import { createChainMac } from './chain-keys.ts';

const SALT_BYTES = 16;

type Personal = Pick<AuditEvent, 'address' | 'userAgent'>;

/**
 * Proves that this server made an event. The attack: a thief who can write to the database, and does not have the
 * secret, inserts an event, which the next node that seals would number and authenticate like any other. The proof
 * leaves out the session and the changes, which the store may complete; the chain has them.
 */
export function proveEvent(event: AuditEvent, root: RootKey, random: Random): EventProof {
  const { salt, digest } = hidePersonal(event, random);
  const { id, at, type, actor, subject, reason } = event;
  const facts = { id, at, type, actorKind: actor.kind, actorId: actor.id, reason, digest };
  const text = describeOrigin({ ...facts, subjectKind: subject.kind, subjectId: subject.id });
  return { salt, digest, origin: `${root.id}.${createChainMac(root, 'origin', text)}` };
}

/** Makes what stands for the personal fields of an event. */
export function hidePersonal(event: Personal, random: Random): Pick<EventProof, 'salt' | 'digest'> {
  if (event.address === null && event.userAgent === null) return { salt: null, digest: null };
  const salt = Buffer.from(random.bytes(SALT_BYTES)).toString('base64url');
  return { salt, digest: digestPersonal(salt, event) };
}

/** Whether a server with one of these root keys wrote the event. */
export function isProven(record: EventRecord, roots: readonly RootKey[]): boolean {
  const [id = '', mac = ''] = record.origin?.split('.', 2) ?? [];
  const root = roots.find((it) => it.id === id);
  if (root === undefined) return false;
  const text = describeOrigin({ ...record, subjectId: record.userId ?? record.subject });
  return isSameSecret(mac, createChainMac(root, 'origin', text)) && hasOwnFields(record);
}

/** Whether the personal fields are those that the digest stands for, or were erased. */
export function hasOwnFields(record: EventRecord): boolean {
  const { salt, digest, address, userAgent } = record;
  if (salt === null || digest === null)
    return salt === null && address === null && userAgent === null;
  return isSameSecret(digestPersonal(salt, record), digest);
}

/** Whether the event had personal fields that were erased. */
export function isErased({ digest, salt }: EventRecord): boolean {
  return digest !== null && salt === null;
}

/**
 * Finds the person whose personal fields an event has: the user who acted, or the user whom it is about if the actor is not
 * proven. Undefined for other actors, whose address belongs to no user.
 */
export function findOwner(record: EventRecord): EventOwner | undefined {
  const { id: eventId, actorKind, actorId, userId } = record;
  const isUnproven = actorKind === null || actorKind === 'anonymous' || actorKind === 'unknown';
  const owner = actorKind === 'user' ? actorId : isUnproven ? userId : null;
  return owner === null ? undefined : { eventId, userId: owner };
}

/** With a salt, because the addresses of a network can all be tried. */
function digestPersonal(salt: string, { address, userAgent }: Personal): string {
  const text = JSON.stringify([salt, address, userAgent]);
  return createHash('sha256').update(text).digest('base64url');
}

interface Origin
  extends Pick<EventRecord, 'id' | 'at' | 'type' | 'actorKind' | 'actorId' | 'subjectKind'>,
    Pick<EventRecord, 'reason' | 'digest'> {
  readonly subjectId: string | null;
}

/** As JSON, so that no two different events have the same text. */
function describeOrigin(it: Origin): string {
  const who = [it.actorKind, it.actorId, it.subjectKind, it.subjectId];
  return JSON.stringify([it.id, it.at, it.type, ...who, it.reason, it.digest]);
}
