import type { AuditEvent } from '../audit/event.ts';

/** A code that was checked. The verb that it is for uses it up in its transaction. */
export type FactorUse =
  | {
      readonly method: 'totp';
      readonly userId: string;
      readonly authenticatorId: string;
      /** The time step of the code. */
      readonly step: number;
      /** ms since the epoch. */
      readonly now: number;
    }
  | {
      readonly method: 'recovery_code';
      readonly userId: string;
      /** All MACs as they were when the code was checked, and as they will be. */
      readonly macs: readonly string[];
      readonly left: readonly string[];
      readonly event: AuditEvent;
    };
