import type { AuditActor } from './event.ts';

/** Who asks for something, and from where. The audit trail and the list of sessions show it. */
export interface Caller {
  /** Who acts, as the audit trail names them. */
  readonly actor: AuditActor;
  /** Network address; null if no request asked. */
  readonly address: string | null;
  /** The `User-Agent` header; null if there was none. */
  readonly userAgent: string | null;
  /** The value of the cookie `latchkey_device`, if one came. No credential: it decides which limit applies. */
  readonly deviceToken?: string | undefined;
}

/** A caller who has proved nothing yet. A password or a token then identifies the user: see {@link identify}. */
export const anonymousCaller: Caller = createCaller({ kind: 'anonymous', id: null });

/** The host's own code: seeding, scripts, routes of its own that name no caller. */
export const applicationCaller: Caller = systemCaller('application');

/** The program itself. @param part that acts, such as `key-rotation` */
export function systemCaller(part: string): Caller {
  return createCaller({ kind: 'system', id: part });
}

/** A person at the command line. @param name of the operating system's user, or null if it has none */
export function operatorCaller(name: string | null): Caller {
  return createCaller({ kind: 'operator', id: name });
}

/**
 * Makes an anonymous caller the user whose password or token it presented. Another caller stays what it is: an
 * operator who acts with a user's token is still an operator.
 */
export function identify(caller: Caller, userId: string): Caller {
  return caller.actor.kind === 'anonymous'
    ? { ...caller, actor: { kind: 'user', id: userId } }
    : caller;
}

function createCaller(actor: AuditActor): Caller {
  return { actor, address: null, userAgent: null };
}
