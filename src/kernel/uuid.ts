import type { Clock } from './clock.ts';
import type { Random } from './random.ts';

/**
 * Creates a UUID of version 7: 48 bits of time, then 74 random bits. Ids sort by the time of their creation.
 * @see RFC 9562 section 5.7
 */
export function createUuid(clock: Clock, random: Random): string {
  const bytes = Buffer.alloc(16);
  bytes.writeUIntBE(clock.now(), 0, 6);
  bytes.set(random.bytes(10), 6);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x70, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Creates a text that sorts after all ids from before a time, in ms since the epoch, and before all others. */
export function createUuidFloor(time: number): string {
  const hex = Math.max(0, time).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}`;
}
