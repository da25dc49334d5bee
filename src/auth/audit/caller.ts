import type { AuditActor } from './event.ts';

/** Who asks for something, and from where: what the audit trail and the list of sessions show. */
export interface Caller {
  readonly actor: AuditActor;
  /** Network address; null where no request asked. */
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** A caller of whom nothing is known. What they prove says who they are: see {@link identify}. */
export const anonymousCaller: Caller = createCaller({ kind: 'anonymous', id: null });

/** The host's own code: seeding, scripts, routes of its own that name no caller. */
export const applicationCaller: Caller = systemCaller('application');

/** What the program does by itself. @param part that acts, such as `key-rotation` */
export function systemCaller(part: string): Caller {
  return createCaller({ kind: 'system', id: part });
}

/** A person at the command line. @param name of the operating system's user, or null where it has none */
export function operatorCaller(name: string | null): Caller {
  return createCaller({ kind: 'operator', id: name });
}

/**
 * The caller as the user whose password or token they presented. A caller who is known already stays who they
 * are: an operator who acts with a user's token is no less an operator.
 */
export function identify(caller: Caller, userId: string): Caller {
  return caller.actor.kind === 'anonymous'
    ? { ...caller, actor: { kind: 'user', id: userId } }
    : caller;
}

function createCaller(actor: AuditActor): Caller {
  return { actor, address: null, userAgent: null };
}
