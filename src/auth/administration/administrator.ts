import { type Caller, identify } from '../audit/caller.ts';
import type { Principal } from '../sessions/principal.ts';

/** An administrator who asks for something. */
export interface Administrator {
  readonly principal: Principal;
  /** As the audit trail names the administrator. */
  readonly caller: Caller;
  /** The role of administrators. */
  readonly role: string;
}

/** Names the administrator of a request. @param caller the request, which has proved nothing by itself */
export function createAdministrator(
  principal: Principal,
  caller: Caller,
  role: string,
): Administrator {
  return { principal, caller: identify(caller, principal.sub), role };
}
