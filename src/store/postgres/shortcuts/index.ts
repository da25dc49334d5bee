import type { Sql } from '../../sql/sql.ts';
import { revocationShortcut } from './revocations.ts';
import { rotationShortcut } from './rotation.ts';
import { sessionShortcuts } from './sessions.ts';
import type { SingleStatements } from './shortcut.ts';
import { userShortcuts } from './users.ts';

export function createShortcuts(sql: Sql): SingleStatements {
  return {
    ...userShortcuts(sql),
    ...sessionShortcuts(sql),
    ...rotationShortcut(sql),
    ...revocationShortcut(sql),
  };
}
