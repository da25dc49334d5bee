import { userInfo } from 'node:os';
import { type Caller, operatorCaller } from '../../auth/audit/caller.ts';

/** The person at the command line, as the audit trail names them. */
export function findOperator(): Caller {
  return operatorCaller(findUserName());
}

/** In a container the user may have a number only. */
function findUserName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
