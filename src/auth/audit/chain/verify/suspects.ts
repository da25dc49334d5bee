import type { RootKey } from '../../../keys/root-keys.ts';
import { createEventMac } from '../chain-link.ts';
import { describeSealed, type SealedRecord } from './sealed-record.ts';

/** An event that does not follow from the one before. */
export interface Suspect {
  readonly record: SealedRecord;
  /** The MAC of the event before it, as it is stored now. */
  readonly previousMac: string;
}

/**
 * Finds which suspects are genuine, by trying each in its own place and in those of the others.
 * @returns their numbers when they were sealed
 */
export function findOldPlaces(
  suspects: readonly Suspect[],
  root: RootKey,
): Map<SealedRecord, number> {
  const places = new Map<SealedRecord, number>();
  const macs = new Set(suspects.flatMap(({ record, previousMac }) => [record.mac, previousMac]));
  for (const { record } of suspects) {
    for (const { record: other } of suspects) {
      const content = describeSealed(record, other.seq);
      for (const mac of macs) {
        if (createEventMac(root, mac, content) === record.mac) places.set(record, other.seq);
      }
    }
  }
  return places;
}
