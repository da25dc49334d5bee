import type { EventRecord } from '../../../ports/audit-chain.ts';
import { describeEvent } from '../chain-link.ts';

/** An event that is sealed. */
export interface SealedRecord extends EventRecord {
  readonly seq: number;
  readonly mac: string;
  readonly sealedAt: number;
}

export function isSealed(record: EventRecord): record is SealedRecord {
  return record.seq !== null && record.mac !== null && record.sealedAt !== null;
}

/** What the chain says about the event, at its own place or at another. */
export function describeSealed(record: SealedRecord, seq = record.seq): string {
  return describeEvent(record, seq, record.sealedAt, record.origin !== null);
}
