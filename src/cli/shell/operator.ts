import { userInfo } from 'node:os';
import { type Caller, operatorCaller } from '../../auth/audit/caller.ts';

/** The person who runs the command, as the audit trail names them. */
export function findOperator(): Caller {
  return operatorCaller(findUserName());
}

/** @returns null if the user has only a number, as in some containers */
function findUserName(): string | null {
  try {
    return userInfo().username;
  } catch {
    return null;
  }
}
