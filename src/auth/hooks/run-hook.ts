import { type HostRefusal, isLatchkeyError } from '../../kernel/errors.ts';
import type { Caller } from '../audit/caller.ts';
import type { NewAuditEvent } from '../audit/event.ts';
import type { AuthContext } from '../context.ts';

/** What the audit trail says if a hook refuses. */
export interface RecordedRefusal {
  readonly event: Pick<NewAuditEvent, 'type' | 'subject'>;
  readonly caller: Caller;
}

/**
 * Runs a hook of the host that may refuse what is about to be done. A refusal is recorded. Everything else that a hook
 * throws is a mistake in it, and never an answer to the caller, even if it has a status or comes from Latchkey.
 * @throws {HostRefusal} as the hook threw it
 * @throws {Error} with the hook's error as its cause
 */
export async function runHook(
  { store, createEvent }: AuthContext,
  name: string,
  hook: () => unknown,
  { event, caller }: RecordedRefusal,
): Promise<void> {
  let result: unknown;
  try {
    result = await hook();
  } catch (error) {
    if (!isHostRefusal(error)) throw new Error(`The hook ${name} failed.`, { cause: error });
    await store.recordEvent(createEvent({ ...event, reason: error.code }, caller));
    throw error;
  }
  if (result === undefined) return;
  // A hook that returns false probably means to refuse, and must not let everyone in.
  throw new TypeError(`The hook ${name} returned a value. To refuse, throw a HostRefusal.`);
}

/** By its code, as an app may have two packages of Latchkey. */
function isHostRefusal(error: unknown): error is HostRefusal {
  return isLatchkeyError(error) && error.code === 'refused_by_host';
}
